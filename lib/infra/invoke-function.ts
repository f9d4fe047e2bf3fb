import { Duration } from 'aws-cdk-lib';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { JitterType, TaskInput, Timeout } from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import type { Construct } from 'constructs';

/** The account has reached its limit of concurrent functions. CDK's own list of transient errors lacks this error. */
const atConcurrencyLimit = ['Lambda.TooManyRequestsException'];
/** Transient errors of Lambda itself. */
const transientErrors = [
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.ClientExecutionTimeoutException',
];

export interface InvocationProps {
  readonly function: LambdaFunction;
  readonly payload: Readonly<Record<string, unknown>>;
  /** The state's output; a JSONata expression or an object of them. */
  readonly outputs: unknown;
}

/** A task that calls a function. At the concurrency limit it retries for hours, after a crash twice, both with jitter. */
export function invokeFunction(scope: Construct, id: string, props: InvocationProps): LambdaInvoke {
  const task = LambdaInvoke.jsonata(scope, id, {
    lambdaFunction: props.function,
    payload: TaskInput.fromObject(props.payload),
    outputs: props.outputs,
    retryOnServiceExceptions: false,
    // A minute more than the timeout of the function, so that the function's own timeout is reported.
    taskTimeout: Timeout.duration((props.function.timeout ?? Duration.seconds(3)).plus(Duration.seconds(60))),
  });
  const backoff = { jitterStrategy: JitterType.FULL, backoffRate: 2 };
  const retryForever = { interval: Duration.seconds(2), maxDelay: Duration.seconds(60), ...backoff };
  // Eight hours, since waiting for concurrency is no failure. Each retry adds 3 events to the history, which holds 25,000.
  task.addRetry({ errors: atConcurrencyLimit, maxAttempts: 1000, ...retryForever });
  task.addRetry({ errors: transientErrors, maxAttempts: 12, ...retryForever });
  task.addRetry({ errors: ['States.ALL'], interval: Duration.seconds(5), maxDelay: Duration.seconds(30), maxAttempts: 2, ...backoff });
  return task;
}
