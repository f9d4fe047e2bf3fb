import type { Duration } from 'aws-cdk-lib';
import { MathExpression, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';

/** What the functions count, in their log lines; see `lib/aws/runtime/powertools-log.ts`. */
export type RunMetric = 'SamplesDone' | 'SamplesFailed' | 'CheckpointHits' | 'ModelCalls' | 'InputTokens' | 'OutputTokens' | 'CostUsd';

export function runMetric(metricName: RunMetric, environment: string, period: Duration): Metric {
  return new Metric({ namespace: 'Groundline', metricName, dimensionsMap: { environment }, statistic: Stats.SUM, period });
}

/** USD that providers ask for; calls without a known price are not in it. */
export function costOfModels(environment: string, period: Duration): Metric {
  return runMetric('CostUsd', environment, period);
}

/** The codes are known once they occur: a search finds them. */
export function failuresByCode(environment: string, period: Duration): MathExpression {
  const search = `SEARCH('{Groundline,environment,code} MetricName="Failures" environment="${environment}"', 'Sum', ${period.toSeconds()})`;
  return new MathExpression({ expression: search, label: '', period });
}
