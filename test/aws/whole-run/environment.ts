import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { PutBucketVersioningCommand, type S3Client } from '@aws-sdk/client-s3';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { BatchOutcome } from '#aws/batch/batch-outcome.ts';
import { createModelSession, type ModelSession } from '#aws/batch/model-session.ts';
import { runBatch } from '#aws/batch/run-batch.ts';
import type { CollectOutcome } from '#aws/collect/collect-outcome.ts';
import { collectResults } from '#aws/collect/collect-results.ts';
import type { PrepareOutcome } from '#aws/prepare/prepare-outcome.ts';
import { prepareRun } from '#aws/prepare/prepare-run.ts';
import { ManifestLine } from '#aws/run-state/manifest.ts';
import { readPlan, readStoredText } from '#aws/run-state/stored-plan.ts';
import { type Cloud, openCloud } from '#aws/runtime/cloud.ts';
import { createModelSecret } from '#aws/runtime/model-secret.ts';

import type { FunctionSettings } from '#core/function-settings.ts';

import { vendorHosts } from '#core/hosts/model-hosts.ts';
import type { StepName } from '#core/ports.ts';
import { createFastClock } from './fast-clock.ts';

export interface EnvironmentParts {
  readonly s3: S3Client;
  readonly dynamo: DynamoDBClient;
  readonly bucket: string;
  readonly table: string;
  readonly variables?: Partial<FunctionSettings>;
  /** What the secret holds, read anew each time: keys by their names there. */
  readonly keys?: () => Readonly<Record<string, string>>;
  /** Milliseconds that one call of a step's function has, on the clock of the environment. */
  readonly functionMs?: number;
  /** The first call of prepare runs out of time as soon as it has started. */
  readonly isPrepareShort?: boolean;
  /** Called before a batch; what it throws is the function's crash. */
  readonly onBatch?: (step: StepName, items: readonly ManifestLine[], attempt: number) => void;
}

export interface ExecutionEnd {
  readonly prepared: PrepareOutcome;
  readonly batches: readonly { readonly step: StepName; readonly items: number; readonly outcome: BatchOutcome | 'lost' }[];
  readonly collected?: CollectOutcome;
  readonly prefix: string;
  /** What a Fail state would show. */
  readonly failed?: { readonly error: string; readonly cause: string };
}

/** A pause of ten seconds within a function takes one. Wait states between functions take no time. */
const SPEED = 10;

/** The remaining time of a function that is slow: all of it at its start, none later. */
function startThenEnd(): () => number {
  let looks = 0;
  return () => (looks++ === 0 ? 900_000 : 0);
}

/** Ends a call of a function by the test. */
const functions = new AsyncLocalStorage<(reason: Error) => void>();

const untilKilled = <T>(call: () => Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => void functions.run(reject, () => call().then(resolve, reject)));

/** An environment without Step Functions: the states of the workflow are walked here, each function called with the very payload it gets. */
export function openEnvironment(parts: EnvironmentParts) {
  const { s3, dynamo, bucket, table, functionMs = 900_000, onBatch = () => {}, keys = () => ({}) } = parts;
  const clock = createFastClock(SPEED);
  const logged: { level: string; message: string; facts: object }[] = [];
  const record =
    (level: string) =>
    (message: string, facts: object = {}) =>
      void logged.push({ level, message, facts });
  const cloud: Cloud = openCloud({
    variables: {
      ENVIRONMENT: 'test',
      BUCKET: bucket,
      TABLE: table,
      MODEL_KEYS_SECRET: 'keys',
      MODEL_HOSTS: vendorHosts,
      OWN_MODEL_HOSTS: [],
      CHECKPOINT_DAYS: 0,
      MAX_LAMBDAS: 4,
      SETTLE_MINUTES: 0,
      MAX_UNATTENDED_USD: 100,
      ...parts.variables,
    },
    s3,
    dynamo,
    clock,
    log: {
      debug: record('debug'),
      info: record('info'),
      warn: record('warn'),
      error: record('error'),
      count: (_, counts) => record('count')('counts', counts),
    },
  });
  const send = async () => ({ SecretString: JSON.stringify(keys()) });
  const hosts = { modelHosts: cloud.variables.MODEL_HOSTS, ownHosts: cloud.variables.OWN_MODEL_HOSTS };
  const secret = createModelSecret({ send } as unknown as SecretsManagerClient, 'keys', hosts);
  const running = new Set<string>();
  const closed = new AbortController();
  let executions = 0;

  async function run(input: Readonly<Record<string, unknown>>, name = `run-${process.pid}-${executions++}`): Promise<ExecutionEnd> {
    running.add(`arn:${name}`);
    const event = { executionArn: `arn:${name}`, runId: name, startedAt: new Date(clock.now()).toISOString(), input };
    const batches: ExecutionEnd['batches'][number][] = [];
    try {
      const prepared = await prepareUntilDone(event);
      if (prepared.status === 'ended') return { prepared, batches, prefix: '' };
      const failure =
        prepared.status === 'ok'
          ? await map(prepared, batches)
          : { error: (prepared as { error: string }).error, cause: (prepared as { cause: string }).cause };
      const collected = await collectUntilDone({ ...event, failure });
      const { results } = collected as { results: string };
      const failed =
        collected.status === 'failed'
          ? { error: collected.error, cause: collected.cause }
          : failure.error === undefined
            ? undefined
            : { error: failure.error, cause: failure.cause ?? '' };
      return { prepared, batches, collected, prefix: results.replace(`s3://${bucket}/`, '').replace(/\/$/, ''), ...(failed && { failed }) };
    } finally {
      running.delete(`arn:${name}`);
    }
  }

  const deadline = () => {
    const end = clock.now() + functionMs;
    return () => Math.max(0, end - clock.now());
  };

  async function prepareUntilDone(event: object): Promise<PrepareOutcome> {
    let [waited, calls] = [0, 0];
    for (;;) {
      const remainingMs = parts.isPrepareShort && calls++ === 0 ? startThenEnd() : () => 900_000;
      const context = { cloud, secret, version: 'test', isRunning: async (arn: string) => running.has(arn), remainingMs };
      const outcome = await prepareRun({ ...event, waited }, context);
      if (outcome.status !== 'incomplete') return outcome;
      waited = outcome.waited;
      await sleep(Math.min(250, 10 * outcome.waitSeconds));
    }
  }

  async function map(prepared: PrepareOutcome & { status: 'ok' }, batches: ExecutionEnd['batches'][number][]) {
    const lines = (await readStoredText(cloud.bucket, prepared.manifestKey)).split('\n').filter(Boolean);
    const items = lines.map((line) => ManifestLine.parse(JSON.parse(line)));
    const waiting = Array.from({ length: Math.ceil(items.length / prepared.batchSize) }, (_, index) =>
      items.slice(index * prepared.batchSize, (index + 1) * prepared.batchSize),
    );
    let failed = false;
    const child = async () => {
      // A container of each function, which keeps its session from batch to batch.
      const sessions: Partial<Record<StepName, ModelSession>> = {};
      for (let batch = waiting.shift(); batch && !failed; batch = waiting.shift())
        for (const step of ['step_0', 'step_1'] as const) {
          if (step === 'step_0' && !prepared.steps.includes('0')) continue;
          const outcome = await callUntilDone(prepared, step, batch, sessions, batches);
          batches.push({ step, items: batch.length, outcome });
          if (outcome === 'lost') break;
          if (outcome.status === 'stop') {
            failed = true;
            return;
          }
        }
    };
    await Promise.all(Array.from({ length: prepared.maxConcurrency }, child));
    return failed ? { error: 'States.ExceedToleratedFailureThreshold', cause: '' } : { cause: '' };
  }

  async function callUntilDone(
    prepared: PrepareOutcome & { status: 'ok' },
    step: StepName,
    items: readonly ManifestLine[],
    sessions: Partial<Record<StepName, ModelSession>>,
    batches: ExecutionEnd['batches'][number][],
  ): Promise<BatchOutcome | 'lost'> {
    for (let attempt = 0; ; ) {
      try {
        onBatch(step, items, attempt);
        const outcome = await untilKilled(() =>
          runBatch(
            { batch: { run: prepared.run, steps: prepared.steps }, items, attempt },
            {
              cloud,
              step,
              remainingMs: deadline(),
              planAt: (path) => readPlan(cloud.bucket, path),
              sessionOf(plan) {
                sessions[step] ??= createModelSession(cloud, secret, plan);
                return sessions[step] as ModelSession;
              },
            },
          ),
        );
        if (outcome.status !== 'incomplete') return outcome;
        batches.push({ step, items: items.length, outcome });
        attempt = 0;
        clock.skip(1_000 * outcome.waitSeconds);
      } catch (error) {
        record('error')('crash', { message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
        delete sessions[step];
        if (++attempt > 2) return 'lost';
      }
    }
  }

  async function collectUntilDone(event: object): Promise<CollectOutcome> {
    for (;;) {
      const outcome = await collectResults(event, { cloud, version: 'test', remainingMs: deadline() });
      if (outcome.status !== 'incomplete') return outcome;
    }
  }

  /** Aborts an execution as the console does: functions that already run are not ended. */
  const abort = (name: string) => running.delete(`arn:${name}`);

  /** Kills the batch function that calls it, as a lack of memory does: it neither returns nor throws. `undefined` for another caller. */
  function killCaller(): Promise<never> | undefined {
    const kill = functions.getStore();
    kill?.(new Error('the function was killed'));
    return (
      kill && new Promise((_, reject) => closed.signal.addEventListener('abort', () => reject(new Error('the environment is closed'))))
    );
  }

  /** Lets the remains of killed functions end. */
  const close = () => closed.abort();

  return { cloud, run, abort, close, killCaller, logged, text: (path: string) => readStoredText(cloud.bucket, path) };
}

/** As the stack's bucket is. */
export async function makeVersioned(s3: S3Client, Bucket: string): Promise<void> {
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
}
