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

/** CDK types these fields as numbers. Step Functions takes an expression, and CDK writes it unchanged. */
const expression = (jsonata: string) => `{% ${jsonata} %}`;
const numeric = (jsonata: string) => expression(jsonata) as unknown as number;

/** Identity of the execution: prepare and collect need it to find the files of the run. */
const execution = {
  executionArn: expression('$states.context.Execution.Id'),
  runId: expression('$states.context.Execution.Name'),
  startedAt: expression('$states.context.Execution.StartTime'),
  input: expression('$states.context.Execution.Input'),
};

/** Upload delay → prepare → distributed map over the manifest → collect. A failed prepare or map still collects, then fails. */
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
      // Without execution data, so that no caption gets into a log.
      logs: { destination: logs, level: LogLevel.ALL, includeExecutionData: false },
      tracingEnabled: true,
      removalPolicy: environment.retain ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    this.grantDescribeExecutions(props.functions['prepare-run']);
  }

  private definition({ environment, bucket, functions }: WorkflowProps) {
    const collect = this.collect(functions['collect-results']);
    // A caught error has `Error` and `Cause`, the outcome of a function `error` and `cause`. An expression without a value would fail the state.
    const remember = Pass.jsonata(this, 'RememberFailure', {
      outputs: {
        error: expression(`[$states.input.Error, $states.input.error, 'RunFailed'][0]`),
        cause: expression(`[$states.input.Cause, $states.input.cause, ''][0]`),
      },
    });
    remember.next(collect);

    // The first batch that stops fails the map while other batches still run: they check for a stop every 4 s, a check may fail, and
    // in-flight calls are allowed 10 s to finish. Collecting earlier would report their billed samples as pending.
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
    // `aws s3 sync` uploads captions before images and spec. A run without an upload event needs no delay.
    // The id is the name of the state in the history of executions, so it stays.
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
      // Only a reason to stop the run ends a batch as failed; bad data ends as succeeded.
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

  /**
   * Prepare checks whether the run that holds a lease has ended. The permission is a separate policy: in the role's default policy it
   * would close a dependency cycle, function → policy → state machine → function.
   */
  private grantDescribeExecutions(prepare: LambdaFunction): void {
    const executions = `arn:${this.stateMachine.stack.partition}:states:${this.stateMachine.stack.region}:${this.stateMachine.stack.account}:execution:${this.stateMachine.stateMachineName}:*`;
    if (prepare.role === undefined) return;
    new Policy(this, 'SeeRuns', {
      roles: [prepare.role],
      statements: [new PolicyStatement({ actions: ['states:DescribeExecution'], resources: [executions] })],
    });
  }
}
