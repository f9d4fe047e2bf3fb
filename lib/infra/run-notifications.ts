import { Stack } from 'aws-cdk-lib';
import { CfnBudget } from 'aws-cdk-lib/aws-budgets';
import { EventField, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { SnsTopic } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { Environment } from './environments.ts';

export interface RunNotificationsProps {
  readonly environmentName: string;
  readonly environment: Environment;
  readonly key: IKey | undefined;
  readonly stateMachine: StateMachine;
  readonly deadLetters: Queue;
}

/** The topic of completed and failed runs, alarms and budget messages. */
export class RunNotifications extends Construct {
  readonly topic: Topic;

  constructor(scope: Construct, id: string, props: RunNotificationsProps) {
    super(scope, id);
    const { environmentName, environment, key, deadLetters } = props;
    this.topic = new Topic(this, 'Topic', {
      displayName: `Groundline ${environmentName}`,
      enforceSSL: true,
      masterKey: key,
    });
    // A topic with its own policy no longer accepts the alarms of the account by default.
    this.allowPublishing('cloudwatch.amazonaws.com');
    if (environment.email) this.topic.addSubscription(new EmailSubscription(environment.email, { deadLetterQueue: deadLetters }));
    this.addRunRules(props);
    if (environment.monthlyBudgetUsd !== undefined) this.addBudget(environment.monthlyBudgetUsd, environmentName);
  }

  private allowPublishing(service: string): void {
    this.topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal(service)],
        actions: ['sns:Publish'],
        resources: [this.topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
  }

  private addRunRules(props: RunNotificationsProps): void {
    this.addRule('RunsSucceeded', ['SUCCEEDED'], '', props);
    // Only these statuses have a cause; in another message the field would read "null".
    this.addRule('RunsFailed', ['FAILED', 'TIMED_OUT', 'ABORTED'], ` ${EventField.fromPath('$.detail.cause')}`, props);
  }

  private addRule(id: string, status: string[], cause: string, { stateMachine, deadLetters }: RunNotificationsProps): void {
    const run = EventField.fromPath('$.detail.name');
    const ended = EventField.fromPath('$.detail.status');
    const arn = EventField.fromPath('$.detail.executionArn');
    new Rule(this, id, {
      description: 'Groundline: a run has ended',
      eventPattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: { stateMachineArn: [stateMachine.stateMachineArn], status },
      },
      targets: [
        new SnsTopic(this.topic, {
          deadLetterQueue: deadLetters,
          message: RuleTargetInput.fromText(`Groundline run ${run}: ${ended}.${cause} ${arn}`),
        }),
      ],
    });
  }

  /** A budget for resources with the `Environment` tag of this stack. The tag must be activated as a cost allocation tag of the account. */
  private addBudget(amount: number, environmentName: string): void {
    this.allowPublishing('budgets.amazonaws.com');
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
}
