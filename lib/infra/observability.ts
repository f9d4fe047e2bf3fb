import { Duration, Stack } from 'aws-cdk-lib';
import { CfnBudget } from 'aws-cdk-lib/aws-budgets';
import {
  Alarm,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  type IMetric,
  Metric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { EventField, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { SnsTopic } from 'aws-cdk-lib/aws-events-targets';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { Environment } from './environments.ts';
import type { FunctionName } from './function-asset.ts';

export interface ObservabilityProps {
  readonly environmentName: string;
  readonly environment: Environment;
  readonly key: IKey | undefined;
  readonly functions: Readonly<Record<FunctionName, LambdaFunction>>;
  readonly stateMachine: StateMachine;
  readonly table: Table;
  readonly deadLetters: Queue;
}

const period = Duration.minutes(5);

/** A topic for finished and failed runs and for alarms, the alarms themselves, and a dashboard. Takes finished resources only. */
export class Observability extends Construct {
  readonly topic: Topic;
  readonly dashboard: Dashboard;

  constructor(scope: Construct, id: string, props: ObservabilityProps) {
    super(scope, id);
    const { environment, key } = props;
    this.topic = new Topic(this, 'Topic', {
      displayName: `Groundline ${props.environmentName}`,
      enforceSSL: true,
      ...(key ? { masterKey: key } : {}),
    });
    if (environment.email) this.topic.addSubscription(new EmailSubscription(environment.email, { deadLetterQueue: props.deadLetters }));
    this.tellOfRuns(props);
    this.addAlarms(props);
    this.dashboard = this.addDashboard(props);
    if (environment.monthlyBudgetUsd !== undefined) this.addBudget(environment.monthlyBudgetUsd, props.environmentName);
  }

  private tellOfRuns({ stateMachine, deadLetters }: ObservabilityProps): void {
    const run = EventField.fromPath('$.detail.name');
    const status = EventField.fromPath('$.detail.status');
    new Rule(this, 'RunsEnded', {
      description: 'Groundline: a run has ended',
      eventPattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: { stateMachineArn: [stateMachine.stateMachineArn], status: ['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED'] },
      },
      targets: [
        new SnsTopic(this.topic, {
          deadLetterQueue: deadLetters,
          message: RuleTargetInput.fromText(`Groundline run ${run}: ${status}. ${EventField.fromPath('$.detail.executionArn')}`),
        }),
      ],
    });
  }

  private addAlarms({ environmentName, environment, functions, stateMachine, table, deadLetters }: ObservabilityProps): void {
    this.alarm('RunsFailed', 'a run failed; its message says why and where failed.jsonl is', stateMachine.metricFailed({ period }));
    this.alarm(
      'UploadsNotStarted',
      'an upload could not start a run, or news of a run could not be sent; see the dead letter queue',
      deadLetters.metricApproximateNumberOfMessagesVisible({ period, statistic: Stats.MAXIMUM }),
    );
    this.alarm(
      'ModelsCostly',
      `calls of models cost more than ${environment.alarmModelUsdPerDay} USD within a day`,
      new Metric({ ...costOfModels(environmentName), period: Duration.days(1) }),
      environment.alarmModelUsdPerDay,
    );
    for (const [name, each] of Object.entries(functions)) {
      this.alarm(`${name}-errors`, `function ${name} crashed; see its log`, each.metricErrors({ period }));
      this.alarm(
        `${name}-throttles`,
        `function ${name} was throttled: raise the account's Lambda concurrency or lower maxLambdas`,
        each.metricThrottles({ period }),
        10,
      );
    }
    for (const metric of ['ReadThrottleEvents', 'WriteThrottleEvents'])
      this.alarm(
        `Table${metric}`,
        'DynamoDB throttled checkpoints; runs wait and go on',
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
    alarm.addAlarmAction(new SnsAction(this.topic));
  }

  private addDashboard({ environmentName, functions, stateMachine, table }: ObservabilityProps): Dashboard {
    const own = (metricName: string, statistic = 'Sum') =>
      new Metric({ namespace: 'Groundline', metricName, dimensionsMap: { environment: environmentName }, statistic, period });
    const all = Object.values(functions);
    return new Dashboard(this, 'Dashboard', {
      widgets: [
        [
          graph('Samples', [own('SamplesDone'), own('SamplesFailed'), own('CheckpointHits')]),
          graph('Model calls', [own('ModelCalls')]),
          graph('Cost of models, USD', [new Metric({ ...costOfModels(environmentName), period })]),
        ],
        [
          graph('Runs', [stateMachine.metricStarted(), stateMachine.metricSucceeded(), stateMachine.metricFailed()]),
          graph(
            'Functions: errors and throttles',
            all.flatMap((each) => [each.metricErrors(), each.metricThrottles()]),
          ),
          graph(
            'Functions: duration',
            all.map((each) => each.metricDuration()),
          ),
        ],
        [
          graph('Tokens', [own('InputTokens'), own('OutputTokens')]),
          graph('Checkpoints: capacity used', [table.metricConsumedWriteCapacityUnits(), table.metricConsumedReadCapacityUnits()]),
          graph(
            'Functions at a time',
            all.map((each) => each.metric('ConcurrentExecutions', { statistic: 'Maximum' })),
          ),
        ],
      ],
    });
  }

  /** Counts what carries the stack's `Environment` tag, once that is activated as a cost allocation tag of the account. */
  private addBudget(amount: number, environmentName: string): void {
    this.topic.grantPublish(new ServicePrincipal('budgets.amazonaws.com'));
    const subscribers = [{ subscriptionType: 'SNS', address: this.topic.topicArn }];
    new CfnBudget(this, 'Budget', {
      budget: {
        budgetType: 'COST',
        timeUnit: 'MONTHLY',
        budgetLimit: { amount, unit: 'USD' },
        costFilters: { TagKeyValue: [`user:Environment$${environmentName}`] },
      },
      notificationsWithSubscribers: [
        { notification: { notificationType: 'ACTUAL', comparisonOperator: 'GREATER_THAN', threshold: 80 }, subscribers },
      ],
    });
  }

  /** Where the dashboard is in the console. */
  get dashboardUrl(): string {
    const { region } = Stack.of(this);
    return `https://${region}.console.aws.amazon.com/cloudwatch/home?region=${region}#dashboards:name=${this.dashboard.dashboardName}`;
  }
}

function costOfModels(environment: string) {
  return { namespace: 'Groundline', metricName: 'CostUsd', dimensionsMap: { environment }, statistic: Stats.SUM };
}

function graph(title: string, left: IMetric[]): GraphWidget {
  return new GraphWidget({ title, left, width: 8, height: 6 });
}
