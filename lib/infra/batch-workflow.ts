import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Choice, Condition, Fail, Pass, Succeed, Wait, WaitTime } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { invokeFunction } from './invoke-function.ts';

export interface BatchWorkflowProps {
  readonly extract: LambdaFunction;
  readonly ground: LambdaFunction;
}

/**
 * The states of one batch: extract, then ground, each repeated until its status is `ok`.
 * A function that crashes on every attempt loses the batch, not the run.
 */
export function batchWorkflow(scope: Construct, { extract, ground }: BatchWorkflowProps): Choice {
  const stopped = Fail.jsonata(scope, 'BatchStopped', {
    error: 'RunStopped',
    cause: "{% [$states.input.result.cause, 'the run was stopped'][0] %}",
  });
  const done = Succeed.jsonata(scope, 'BatchDone', { outputs: '{% $states.input.result %}' });
  const lost = Pass.jsonata(scope, 'BatchLost', { outputs: { status: 'lost' } });

  const grounding = step(scope, { verb: 'Ground', task: ground, next: done, stopped, lost });
  const extraction = step(scope, { verb: 'Extract', task: extract, next: grounding, stopped, lost });
  return Choice.jsonata(scope, 'WhichSteps')
    .when(Condition.jsonata("{% '0' in $states.input.BatchInput.steps %}"), extraction)
    .otherwise(grounding);
}

interface StepProps {
  readonly verb: 'Extract' | 'Ground';
  readonly task: LambdaFunction;
  readonly next: Choice | Succeed | ReturnType<typeof invokeFunction>;
  readonly stopped: Fail;
  readonly lost: Pass;
}

function step(scope: Construct, { verb, task, next, stopped, lost }: StepProps) {
  const call = invokeFunction(scope, verb, {
    function: task,
    payload: {
      batch: '{% $states.input.BatchInput %}',
      items: '{% $states.input.Items %}',
      // From the second attempt on, the function processes one sample at a time to detect the sample that crashes it.
      attempt: '{% $states.context.State.RetryCount %}',
    },
    outputs: '{% $merge([$states.input, {"result": $states.result.Payload}]) %}',
  });
  call.addCatch(lost, { errors: ['States.ALL'] });
  const later = Wait.jsonata(scope, `${verb}Later`, { time: WaitTime.seconds('{% $states.input.result.waitSeconds %}') });
  later.next(call);
  call.next(
    Choice.jsonata(scope, `${verb}Outcome`)
      .when(Condition.jsonata("{% $states.input.result.status = 'ok' %}"), next)
      .when(Condition.jsonata("{% $states.input.result.status = 'incomplete' %}"), later)
      .otherwise(stopped),
  );
  return call;
}
