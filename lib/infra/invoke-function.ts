import { Duration } from 'aws-cdk-lib';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { JitterType, TaskInput, Timeout } from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import type { Construct } from 'constructs';

/** An account that runs as many functions as it may. CDK's own list of passing errors lacks it. */
const full = ['Lambda.TooManyRequestsException'];
/** What Lambda's own troubles are called. */
const passing = [
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

/** A task that calls a function: a full account is waited for as long as it takes, a crash is tried again twice, both with jitter. */
export function invokeFunction(scope: Construct, id: string, props: InvocationProps): LambdaInvoke {
  const task = LambdaInvoke.jsonata(scope, id, {
    lambdaFunction: props.function,
    payload: TaskInput.fromObject(props.payload),
    outputs: props.outputs,
    retryOnServiceExceptions: false,
    // A minute more than the function has, so that its own time limit speaks first.
    taskTimeout: Timeout.duration((props.function.timeout ?? Duration.seconds(3)).plus(Duration.seconds(60))),
  });
  const calm = { jitterStrategy: JitterType.FULL, backoffRate: 2 };
  const retryForever = { interval: Duration.seconds(2), maxDelay: Duration.seconds(60), ...calm };
  // Eight hours: others have their turn first, and nothing is wrong. Each try takes 3 of the 25,000 events an execution may have.
  task.addRetry({ errors: full, maxAttempts: 1000, ...retryForever });
  task.addRetry({ errors: passing, maxAttempts: 12, ...retryForever });
  task.addRetry({ errors: ['States.ALL'], interval: Duration.seconds(5), maxDelay: Duration.seconds(30), maxAttempts: 2, ...calm });
  return task;
}
