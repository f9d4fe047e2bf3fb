import aslValidator from 'asl-validator';
import jsonata from 'jsonata';
import { describe, expect, it } from 'vitest';
import { allStates, definitionOf, expressionsIn, mapOf, type State } from './definition.ts';
import { synthesized } from './synthesized.ts';

describe.each(synthesized.map((each) => [each.name, each] as const))('the workflow of %s', (_, each) => {
  const definition = definitionOf(each);
  const map = mapOf(definition);
  const states = allStates(definition);
  const tasks = Object.entries(states).filter(([, { Type }]) => Type === 'Task');

  it('is valid Amazon States Language in JSONata', () => {
    const verdict = aslValidator(definition);

    expect(verdict.isValid ? '' : verdict.errorsText()).toBe('');
    expect(definition.QueryLanguage).toBe('JSONata');
    for (const { QueryLanguage } of Object.values(states)) expect(QueryLanguage ?? 'JSONata').toBe('JSONata');
    expect(JSON.stringify(definition)).not.toMatch(/"\$\.|InputPath|ResultPath|"[A-Za-z]+\.\$"/);
  });

  it('contains only expressions that parse', () => {
    const found = expressionsIn(definition);

    expect(found.length).toBeGreaterThan(20);
    for (const expression of found) expect(() => jsonata(expression)).not.toThrow();
  });

  it('maps over the lines of the manifest in standard children, grouped by items and bytes', () => {
    expect(map).toMatchObject({
      Type: 'Map',
      Label: 'Samples',
      MaxConcurrency: '{% $states.input.maxConcurrency %}',
      ItemReader: {
        Resource: 'arn:aws:states:::s3:getObject',
        ReaderConfig: { InputType: 'JSONL' },
        Arguments: { Bucket: expect.stringMatching(/^<Data/), Key: '{% $states.input.manifestKey %}' },
      },
      ItemBatcher: {
        MaxItemsPerBatch: '{% $states.input.batchSize %}',
        MaxInputBytesPerBatch: 200_000,
        BatchInput: { run: '{% $states.input.run %}', steps: '{% $states.input.steps %}' },
      },
      ItemProcessor: { ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' } },
    });
  });

  it('writes the results of children with ResultWriterV2, which CDK drops without its feature flag', () => {
    expect(map.ResultWriter).toEqual({
      Resource: 'arn:aws:states:::s3:putObject',
      Arguments: { Bucket: expect.stringMatching(/^<Data/), Prefix: '{% $states.input.mapResultsPrefix %}' },
      WriterConfig: { OutputType: 'JSONL', Transformation: 'NONE' },
    });
  });

  it('tolerates no failed child, since only a reason to stop fails one', () => {
    expect(map).not.toHaveProperty('ToleratedFailurePercentage');
    expect(map).not.toHaveProperty('ToleratedFailureCount');
    const fails = Object.values(map.ItemProcessor.States).filter(({ Type }) => Type === 'Fail');
    expect(fails).toEqual([expect.objectContaining({ Error: 'RunStopped' })]);
  });

  it.each(tasks.map(([name, state]) => [name, state] as const))(
    'retries %s for hours at the concurrency limit, and twice after a crash',
    (_, task) => {
      const backoff = { IntervalSeconds: 2, BackoffRate: 2, MaxDelaySeconds: 60, JitterStrategy: 'FULL' };

      expect(task.Retry).toEqual([
        { ErrorEquals: ['Lambda.TooManyRequestsException'], MaxAttempts: 1000, ...backoff },
        { ErrorEquals: expect.arrayContaining(['Lambda.ServiceException', 'Lambda.SdkClientException']), MaxAttempts: 12, ...backoff },
        { ErrorEquals: ['States.ALL'], IntervalSeconds: 5, MaxAttempts: 2, BackoffRate: 2, MaxDelaySeconds: 30, JitterStrategy: 'FULL' },
      ]);
      expect(task.TimeoutSeconds).toBe(960);
    },
  );

  it('loses only the batch of a function that crashes on every attempt', () => {
    for (const name of ['Extract', 'Ground']) expect(states[name]?.Catch).toEqual([{ ErrorEquals: ['States.ALL'], Next: 'BatchLost' }]);
    expect(states.BatchLost).toMatchObject({ Type: 'Pass', Output: { status: 'lost' }, End: true });
  });

  it('passes the number of the attempt to each function', () => {
    for (const name of ['Extract', 'Ground'])
      expect(states[name]?.Arguments).toMatchObject({ Payload: { attempt: '{% $states.context.State.RetryCount %}' } });
  });

  it('collects after a failed prepare, and after a failed map once its other workers have ended', () => {
    expect(states.Prepare?.Catch).toEqual([{ ErrorEquals: ['States.ALL'], Next: 'RememberFailure' }]);
    expect(states.Samples?.Catch).toEqual([{ ErrorEquals: ['States.ALL'], Next: 'LetWorkersEnd' }]);
    expect(states.LetWorkersEnd).toMatchObject({ Type: 'Wait', Seconds: 30, Next: 'RememberFailure' });
    expect(states.RememberFailure?.Next).toBe('Collect');
    expect(states.Samples?.Next).toBe('Collect');
  });

  it('waits for the upload delay only when an upload started it', async () => {
    const [seconds] = expressionsIn(states.Settle?.Seconds);

    expect(await evaluate(seconds, { input: 's3://b/k', uploaded: { captions: 'v' } })).toBe(each.environment.uploadDelaySeconds);
    expect(await evaluate(seconds, { input: 's3://b/k' })).toBe(0);
  });

  it('keeps a caught error or the cause of an outcome, and always has a value', async () => {
    const { error, cause } = (states.RememberFailure as State).Output as { error: string; cause: string };
    const remembered = async (input: object) => [await evaluate(inner(error), input), await evaluate(inner(cause), input)];

    expect(await remembered({ Error: 'Lambda.Unknown', Cause: 'died' })).toEqual(['Lambda.Unknown', 'died']);
    expect(await remembered({ status: 'stop', error: 'NoImages', cause: '3 of 200 images not found' })).toEqual([
      'NoImages',
      '3 of 200 images not found',
    ]);
    expect(await remembered({})).toEqual(['RunFailed', '']);
  });

  it('never succeeds after a failure, whatever the outcome of collect', async () => {
    const merged = inner(states.Collect?.Output as string);
    const outcome = async (failure: object, payload: object) =>
      choose(states.Outcome as State, await evaluate(merged, failure, { Payload: payload }));

    expect(await outcome({ status: 'mapped' }, { status: 'ok' })).toBe('Finished');
    expect(await outcome({ error: 'RunStopped', cause: 'wrong key' }, { status: 'ok' })).toBe('Failed');
    expect(await outcome({ status: 'mapped' }, { status: 'stop', error: 'TooManyFailures', cause: '9 of 10 failed' })).toBe('Failed');
    expect(await outcome({ error: 'RunStopped', cause: 'wrong key' }, { status: 'incomplete', waitSeconds: 1 })).toBe('CollectMore');
  });

  it('fails with a cause that Step Functions accepts, whatever was kept', async () => {
    const { Error: error, Cause: cause } = states.Failed as unknown as { Error: string; Cause: string };

    expect(await evaluate(inner(error), { error: 'RunStopped' })).toBe('RunStopped');
    expect(await evaluate(inner(error), {})).toBe('RunFailed');
    expect(await evaluate(inner(cause), { cause: 'x'.repeat(40_000) })).toHaveLength(30_000);
    expect(await evaluate(inner(cause), {})).toBe('see failed.jsonl');
  });

  it('branches on the status of a function: ok, incomplete or stop', async () => {
    for (const [verb, next] of [
      ['Extract', 'Ground'],
      ['Ground', 'BatchDone'],
    ] as const) {
      const nextAfter = (result: object) => choose(states[`${verb}Outcome`] as State, { result });

      expect(await nextAfter({ status: 'ok' })).toBe(next);
      expect(await nextAfter({ status: 'incomplete', waitSeconds: 30 })).toBe(`${verb}Later`);
      expect(await nextAfter({ status: 'stop', cause: 'wrong key' })).toBe('BatchStopped');
      expect(states[`${verb}Later`]).toMatchObject({ Type: 'Wait', Next: verb });
    }
  });

  it('skips extraction without step 0', async () => {
    const first = (steps: string[]) => choose(states.WhichSteps as State, { BatchInput: { steps } });

    expect(await first(['0', '1'])).toBe('Extract');
    expect(await first(['0'])).toBe('Extract');
    expect(await first(['1'])).toBe('Ground');
  });

  it('logs every state without its data', () => {
    const [machine] = Object.values(each.ofType('AWS::StepFunctions::StateMachine'));

    expect(machine?.Properties.LoggingConfiguration).toMatchObject({ Level: 'ALL', IncludeExecutionData: false });
    expect(machine?.Properties.TracingConfiguration).toEqual({ Enabled: true });
    expect(machine?.Properties).not.toHaveProperty('StateMachineName');
  });
});

const inner = (expression: string) => expression.slice(2, -2);

function evaluate(expression: string | undefined, input: unknown, result?: unknown): Promise<unknown> {
  return jsonata(expression ?? '').evaluate({}, { states: { input, result } });
}

/** The state that a Choice goes to. */
async function choose(choice: State, input: unknown): Promise<string | undefined> {
  for (const { Condition, Next } of choice.Choices as { Condition: string; Next: string }[])
    if ((await evaluate(inner(Condition), input)) === true) return Next;
  return choice.Default as string | undefined;
}
