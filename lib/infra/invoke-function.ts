import { Duration } from 'aws-cdk-lib';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { JitterType, TaskInput, Timeout } from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import type { Construct } from 'constructs';

/** What Lambda's own troubles are called. CDK's default list lacks the throttle of a full account. */
const passing = [
  'Lambda.TooManyRequestsException',
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

/** A task that calls a function: throttles are waited for patiently, a crash is tried again twice, both with jitter. */
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
  task.addRetry({ errors: passing, interval: Duration.seconds(2), maxDelay: Duration.seconds(60), maxAttempts: 12, ...calm });
  task.addRetry({ errors: ['States.ALL'], interval: Duration.seconds(5), maxDelay: Duration.seconds(30), maxAttempts: 2, ...calm });
  return task;
}
