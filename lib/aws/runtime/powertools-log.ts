import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { FunctionLog } from './function-log.ts';

/** Structured lines and embedded metrics by Powertools. Dimensions are environment, step and failure code; runs and samples would each be a billed metric. */
export function createPowertoolsLog(environment: string): FunctionLog {
  const logger = new Logger();
  const metrics = new Metrics({ namespace: 'Groundline' });
  // The default dimension of Powertools would split the metrics of an environment by function.
  metrics.clearDefaultDimensions();
  metrics.setDefaultDimensions({ environment });
  const write =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, facts: object = {}) =>
      logger[level](message, { ...facts });

  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    count(step, counts) {
      // Two sets of dimensions: environment alone, and environment with step.
      metrics.addDimensions({}).addDimensions({ step });
      metrics.addMetric('SamplesDone', MetricUnit.Count, counts.done);
      metrics.addMetric('SamplesFailed', MetricUnit.Count, counts.failed);
      metrics.addMetric('CheckpointHits', MetricUnit.Count, counts.checkpointHits);
      metrics.addMetric('ModelCalls', MetricUnit.Count, counts.calls);
      metrics.addMetric('InputTokens', MetricUnit.Count, counts.inputTokens);
      metrics.addMetric('OutputTokens', MetricUnit.Count, counts.outputTokens);
      metrics.addMetric('CostUsd', MetricUnit.NoUnit, counts.costUsd);
      metrics.publishStoredMetrics();
      for (const [code, times] of Object.entries(counts.failures)) {
        metrics.addDimensions({ code });
        metrics.addMetric('Failures', MetricUnit.Count, times);
        metrics.publishStoredMetrics();
      }
    },
  };
}
