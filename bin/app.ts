import { App } from 'aws-cdk-lib';
import { addEnvironment } from '#infra/add-environment.ts';

const app = new App();
try {
  addEnvironment(app, app.node.tryGetContext('env'));
} catch (error) {
  // The message lists the environments. A stack trace would hide it.
  console.error(error instanceof Error && error.name === 'UsageError' ? error.message : error);
  process.exit(1);
}
