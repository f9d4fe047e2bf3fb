import type { Duration } from 'aws-cdk-lib';
import { MathExpression, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';

/** Metrics that the functions write as log lines; see `lib/aws/runtime/powertools-log.ts`. */
export type RunMetric = 'SamplesDone' | 'SamplesFailed' | 'CheckpointHits' | 'ModelCalls' | 'InputTokens' | 'OutputTokens' | 'CostUsd';

export function runMetric(metricName: RunMetric, environment: string, period: Duration): Metric {
  return new Metric({ namespace: 'Groundline', metricName, dimensionsMap: { environment }, statistic: Stats.SUM, period });
}

/** USD billed by model providers, without calls of unknown price. */
export function costOfModels(environment: string, period: Duration): Metric {
  return runMetric('CostUsd', environment, period);
}

/** Failures by code. A search expression, because codes exist as metrics only after they occur. */
export function failuresByCode(environment: string, period: Duration): MathExpression {
  const search = `SEARCH('{Groundline,environment,code} MetricName="Failures" environment="${environment}"', 'Sum', ${period.toSeconds()})`;
  return new MathExpression({ expression: search, label: '', period });
}
