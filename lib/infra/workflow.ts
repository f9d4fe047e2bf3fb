import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Policy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import {
  Choice,
  Condition,
  DefinitionBody,
  DistributedMap,
  Fail,
  ItemBatcher,
  LogLevel,
  OutputType,
  Pass,
  QueryLanguage,
  ResultWriterV2,
  S3JsonLItemReader,
  StateMachine,
  StateMachineType,
  Succeed,
  Transformation,
  Wait,
  WaitTime,
  WriterConfig,
} from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { addLog } from './add-log.ts';
import { batchWorkflow } from './batch-workflow.ts';
import type { Environment } from './environments.ts';
import type { FunctionName } from './function-asset.ts';
import { invokeFunction } from './invoke-function.ts';

export interface WorkflowProps {
  readonly environment: Environment;
  readonly key: IKey | undefined;
  readonly bucket: Bucket;
  readonly functions: Readonly<Record<FunctionName, LambdaFunction>>;
}

/** Step Functions numbers are typed as numbers by CDK; the service takes an expression, which CDK renders as it is. */
const expression = (jsonata: string) => `{% ${jsonata} %}`;
const numeric = (jsonata: string) => expression(jsonata) as unknown as number;

/** Who is running: sent to prepare and collect, so that both can find everything else in the bucket. */
const execution = {
  executionArn: expression('$states.context.Execution.Id'),
  runId: expression('$states.context.Execution.Name'),
  startedAt: expression('$states.context.Execution.StartTime'),
  input: expression('$states.context.Execution.Input'),
};

/** Settle → prepare → distributed map over the manifest → collect. A failed prepare or map still collects, then fails. */
export class Workflow extends Construct {
  readonly stateMachine: StateMachine;

  constructor(scope: Construct, id: string, props: WorkflowProps) {
    super(scope, id);
    const { environment, key } = props;
    const logs = addLog(this, 'Log', environment, key);
    this.stateMachine = new StateMachine(this, 'StateMachine', {
      queryLanguage: QueryLanguage.JSONATA,
      definitionBody: DefinitionBody.fromChainable(this.definition(props)),
      stateMachineType: StateMachineType.STANDARD,
      // Without execution data: states carry references only, and nothing of a caption belongs in a log.
      logs: { destination: logs, level: LogLevel.ALL, includeExecutionData: false },
      tracingEnabled: true,
      removalPolicy: environment.retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    this.grantDescribeExecutions(props.functions['prepare-run']);
  }

  private definition({ environment, bucket, functions }: WorkflowProps) {
    const collect = this.collect(functions['collect-results']);
    // A caught error says `Error` and `Cause`, a function's own answer `error` and `cause`. An expression without a value would be an error of its own.
    const remember = Pass.jsonata(this, 'RememberFailure', {
      outputs: {
        error: expression(`[$states.input.Error, $states.input.error, 'RunFailed'][0]`),
        cause: expression(`[$states.input.Cause, $states.input.cause, ''][0]`),
      },
    });
    remember.next(collect);

    // The first batch to stop fails the map, and its neighbours still work: they look for a stop every 4 s, a look may fail, and
    // their calls in flight have 10 s to come home. Collected before that, what they pay for would be reported as pending.
    const workersEnd = Wait.jsonata(this, 'LetWorkersEnd', { time: WaitTime.duration(Duration.seconds(30)) });
    const samples = this.samples(bucket, functions).addCatch(workersEnd.next(remember), { errors: ['States.ALL'] });
    samples.next(collect);

    const prepare = invokeFunction(this, 'Prepare', {
      function: functions['prepare-run'],
      payload: { ...execution, waited: expression('$exists($states.input.waited) ? $states.input.waited : 0') },
      outputs: expression('$states.result.Payload'),
    });
    prepare.addCatch(remember, { errors: ['States.ALL'] });
    const later = Wait.jsonata(this, 'WaitForUpload', { time: WaitTime.seconds(expression('$states.input.waitSeconds')) });
    later.next(prepare);
    prepare.next(
      Choice.jsonata(this, 'PrepareOutcome')
        .when(Condition.jsonata(expression("$states.input.status = 'ok'")), samples)
        .when(Condition.jsonata(expression("$states.input.status = 'incomplete'")), later)
        .when(Condition.jsonata(expression("$states.input.status = 'ended'")), Succeed.jsonata(this, 'EndedWithoutWork'))
        .otherwise(remember),
    );
    // Captions come before images and spec with `aws s3 sync`; who starts by hand has uploaded already.
    const uploadDelay = Wait.jsonata(this, 'Settle', {
      time: WaitTime.seconds(expression(`$exists($states.input.uploaded) ? ${environment.uploadDelaySeconds} : 0`)),
    });
    return uploadDelay.next(prepare);
  }

  private samples(bucket: Bucket, functions: WorkflowProps['functions']): DistributedMap {
    const map = DistributedMap.jsonata(this, 'Samples', {
      label: 'Samples',
      mapExecutionType: StateMachineType.STANDARD,
      jsonataMaxConcurrency: expression('$states.input.maxConcurrency'),
      itemReader: new S3JsonLItemReader({ bucket, key: expression('$states.input.manifestKey') }),
      itemBatcher: new ItemBatcher({
        maxItemsPerBatch: numeric('$states.input.batchSize'),
        maxInputBytesPerBatch: 200_000,
        batchInput: { run: expression('$states.input.run'), steps: expression('$states.input.steps') },
      }),
      resultWriterV2: new ResultWriterV2({
        bucket,
        prefix: expression('$states.input.mapResultsPrefix'),
        writerConfig: new WriterConfig({ outputType: OutputType.JSONL, transformation: Transformation.NONE }),
      }),
      // A batch that ends as failed has met a reason to stop; all that is merely bad data ends as succeeded.
      toleratedFailurePercentage: 0,
      outputs: { status: 'mapped' },
    });
    map.itemProcessor(batchWorkflow(this, { extract: functions['extract-expressions'], ground: functions['ground-expressions'] }));
    return map;
  }

  private collect(collectResults: LambdaFunction) {
    const collect = invokeFunction(this, 'Collect', {
      function: collectResults,
      payload: { ...execution, failure: expression('$states.input') },
      outputs: expression("$merge([{'error': $states.input.error, 'cause': $states.input.cause}, $states.result.Payload])"),
    });
    const later = Wait.jsonata(this, 'CollectMore', { time: WaitTime.seconds(expression('$states.input.waitSeconds')) });
    later.next(collect);
    return collect.next(
      Choice.jsonata(this, 'Outcome')
        .when(Condition.jsonata(expression("$states.input.status = 'incomplete'")), later)
        .when(
          Condition.jsonata(expression("$states.input.status = 'ok' and $not($exists($states.input.error))")),
          Succeed.jsonata(this, 'Finished'),
        )
        .otherwise(
          Fail.jsonata(this, 'Failed', {
            error: expression(`[$states.input.error, 'RunFailed'][0]`),
            cause: expression(`$substring([$states.input.cause, 'see failed.jsonl'][0], 0, 30000)`),
          }),
        ),
    );
  }

  /** A lease whose run has ended is taken over. A policy of its own, because the function's would close a circle: function → policy → machine → function. */
  private grantDescribeExecutions(prepare: LambdaFunction): void {
    const executions = `arn:${this.stateMachine.stack.partition}:states:${this.stateMachine.stack.region}:${this.stateMachine.stack.account}:execution:${this.stateMachine.stateMachineName}:*`;
    if (prepare.role === undefined) return;
    new Policy(this, 'SeeRuns', {
      roles: [prepare.role],
      statements: [new PolicyStatement({ actions: ['states:DescribeExecution'], resources: [executions] })],
    });
  }
}
