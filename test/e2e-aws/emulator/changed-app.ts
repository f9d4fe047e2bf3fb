import { App, Aspects, type IAspect } from 'aws-cdk-lib';
import { CfnPolicy } from 'aws-cdk-lib/aws-iam';
import { addEnvironment } from '#infra/add-environment.ts';
import { environments } from '#infra/environments.ts';

/** The dev environment under the name `changed`, or `-c name=<name>`: `-c changes=<JSON>` are other settings, `-c without=<action>` takes one grant from the extract function. */
const app = new App();
const changes = JSON.parse(String(app.node.tryGetContext('changes') ?? '{}')) as object;
const without: unknown = app.node.tryGetContext('without');
const { dev } = environments;
if (dev === undefined) throw new Error('there is no dev environment to change');
const stack = addEnvironment(app, String(app.node.tryGetContext('name') ?? 'changed'), { ...dev, ...changes });

const takeGrant: IAspect = {
  visit(node) {
    if (!(node instanceof CfnPolicy) || !node.node.path.includes('extract-expressions-role')) return;
    const document = stack.resolve(node.policyDocument) as { Statement: { Action: string | string[] }[] };
    node.policyDocument = {
      ...document,
      Statement: document.Statement.map((each) => ({ ...each, Action: [each.Action].flat().filter((action) => action !== without) })),
    };
  },
};
if (typeof without === 'string') Aspects.of(stack).add(takeGrant);
