import { Duration, Stack } from 'aws-cdk-lib';
import { Dashboard, GraphWidget, type IMetric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { FunctionName } from './function-asset.ts';
import { costOfModels, failuresByCode, type RunMetric, runMetric } from './run-metrics.ts';

export interface RunDashboardProps {
  readonly environmentName: string;
  readonly functions: Readonly<Record<FunctionName, LambdaFunction>>;
  readonly stateMachine: StateMachine;
  readonly table: Table;
}

const period = Duration.minutes(5);

/** The dashboard of an environment: samples, calls and cost first, then functions and table. */
export class RunDashboard extends Construct {
  private readonly dashboard: Dashboard;

  constructor(scope: Construct, id: string, { environmentName, functions, stateMachine, table }: RunDashboardProps) {
    super(scope, id);
    const own = (...names: RunMetric[]) => names.map((name) => runMetric(name, environmentName, period));
    const all = Object.values(functions);
    this.dashboard = new Dashboard(this, 'Dashboard', {
      widgets: [
        [
          graph('Samples', own('SamplesDone', 'SamplesFailed', 'CheckpointHits')),
          graph('Failed samples by code', [failuresByCode(environmentName, period)]),
          graph('Runs', [stateMachine.metricStarted(), stateMachine.metricSucceeded(), stateMachine.metricFailed()]),
        ],
        [
          graph('Model calls', own('ModelCalls')),
          graph('Tokens', own('InputTokens', 'OutputTokens')),
          graph('Cost of models, USD', [costOfModels(environmentName, period)]),
        ],
        [
          graph(
            'Functions: errors and throttles',
            all.flatMap((each) => [each.metricErrors(), each.metricThrottles()]),
          ),
          graph(
            'Functions: duration',
            all.map((each) => each.metricDuration()),
          ),
          graph(
            'Functions running at the same time',
            all.map((each) => each.metric('ConcurrentExecutions', { statistic: Stats.MAXIMUM })),
          ),
        ],
        [graph('Checkpoints: capacity used', [table.metricConsumedWriteCapacityUnits(), table.metricConsumedReadCapacityUnits()])],
      ],
    });
  }

  /** Address of the dashboard in the console. */
  get url(): string {
    const { region } = Stack.of(this);
    return `https://${region}.console.aws.amazon.com/cloudwatch/home?region=${region}#dashboards:name=${this.dashboard.dashboardName}`;
  }
}

function graph(title: string, left: IMetric[]): GraphWidget {
  return new GraphWidget({ title, left, width: 8, height: 6 });
}
