import { App } from 'aws-cdk-lib';
import { addEnvironment } from '#infra/add-environment.ts';

const app = new App();
try {
  addEnvironment(app, app.node.tryGetContext('env'));
} catch (error) {
  // The message says which environments there are; a stack trace would bury it.
  console.error(error instanceof Error && error.name === 'UsageError' ? error.message : error);
  process.exit(1);
}
