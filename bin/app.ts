import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { environmentNamed } from '#infra/environments.ts';
import { GroundlineStack } from '#infra/groundline-stack.ts';

const app = new App();
const name: unknown = app.node.tryGetContext('env');
try {
  const environment = environmentNamed(name);
  new GroundlineStack(app, `Groundline-${String(name)}`, {
    environmentName: String(name),
    environment,
    description: `Groundline (${String(name)}): caption lines in, grounded lines out`,
    terminationProtection: environment.retain,
    env: { account: environment.account, region: environment.region },
  });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
