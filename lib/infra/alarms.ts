import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, type IMetric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { FunctionName } from './function-asset.ts';
import { costOfModels } from './run-metrics.ts';

export interface AlarmsProps {
  readonly environmentName: string;
  readonly modelUsdPerDay: number;
  readonly functions: Readonly<Record<FunctionName, LambdaFunction>>;
  readonly stateMachine: StateMachine;
  readonly table: Table;
  readonly deadLetters: Queue;
  readonly topic: Topic;
}

const period = Duration.minutes(5);

/** Alarms of an environment. Each description names the action to take. */
export class Alarms extends Construct {
  private readonly action: SnsAction;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    const { environmentName, modelUsdPerDay, stateMachine, deadLetters, topic } = props;
    this.action = new SnsAction(topic);
    this.alarm(
      'RunsFailed',
      'a run failed; its message has the cause and the address of failed.jsonl',
      stateMachine.metricFailed({ period }),
    );
    this.alarm('RunsTimedOut', 'a run reached a time limit; start it again', stateMachine.metricTimedOut({ period }));
    this.alarm(
      'UploadsNotStarted',
      'an upload started no run, or a notification of a run was not delivered; see the dead letter queue',
      deadLetters.metricApproximateNumberOfMessagesVisible({ period, statistic: Stats.MAXIMUM }),
    );
    this.alarm(
      'ModelsCostly',
      `model calls cost more than ${modelUsdPerDay} USD within a day`,
      costOfModels(environmentName, Duration.days(1)),
      modelUsdPerDay,
    );
    this.watchFunctions(props);
    this.watchTable(props);
  }

  private watchFunctions({ functions }: AlarmsProps): void {
    for (const [name, each] of Object.entries(functions)) {
      this.alarm(`${name}-errors`, `function ${name} crashed; see its log`, each.metricErrors({ period }));
      this.alarm(
        `${name}-throttles`,
        `function ${name} was throttled: raise the account's Lambda concurrency or lower maxLambdas`,
        each.metricThrottles({ period }),
        10,
      );
    }
  }

  private watchTable({ table }: AlarmsProps): void {
    for (const metric of ['ReadThrottleEvents', 'WriteThrottleEvents'])
      this.alarm(
        `Table${metric}`,
        'DynamoDB throttled checkpoints; runs wait and continue',
        table.metric(metric, { period, statistic: Stats.SUM }),
        100,
      );
  }

  private alarm(id: string, alarmDescription: string, metric: IMetric, threshold = 1): void {
    const alarm = new Alarm(this, id, {
      alarmDescription: `Groundline: ${alarmDescription}`,
      metric,
      threshold,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(this.action);
  }
}
