import { type App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { type Environment, environmentNamed } from './environments.ts';
import { GroundlineStack } from './groundline-stack.ts';

/** Adds the stack of one environment, `Groundline-<name>`, and the checks of cdk-nag at synth. Throws `UsageError` for an unknown name. */
export function addEnvironment(app: App, name: unknown, environment: Environment = environmentNamed(name)): GroundlineStack {
  const environmentName = String(name);
  const stack = new GroundlineStack(app, `Groundline-${environmentName}`, {
    environmentName,
    environment,
    description: `Groundline (${environmentName}): caption lines in, grounded lines out`,
    terminationProtection: environment.retain,
    env: { account: environment.account, region: environment.region },
  });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
  return stack;
}
