import { join } from 'node:path';
import { type RunHereEnd, runHere } from '#cli/local/run-here.ts';
import { composeOverrides } from '#cli/spec-options.ts';
import { loadSpec } from '#spec/load-spec.ts';

export interface RunInOptions {
  readonly signal?: AbortSignal;
  readonly results?: string;
  readonly input?: string | false;
  readonly replace?: boolean;
}

export interface RunInEnd extends RunHereEnd {
  readonly results: string;
  readonly notices: readonly string[];
}

/** `groundline generate captions.jsonl --out results` in `folder`, within this process. */
export async function runIn(folder: string, overrides: readonly string[], options: RunInOptions = {}): Promise<RunInEnd> {
  const results = options.results ?? join(folder, 'results');
  const input = options.input === false ? [] : [options.input ?? join(folder, 'captions.jsonl')];
  const spec = loadSpec({ overrides: composeOverrides([...input, ...overrides], { out: results }), env: () => undefined });
  const notices: string[] = [];
  const end = await runHere({
    spec,
    environment: { keys: {}, debug: true, variable: () => undefined },
    version: 'test',
    display: { show: () => {}, notice: (message) => notices.push(message), end: () => {} },
    signal: options.signal ?? new AbortController().signal,
    replace: options.replace ?? false,
  });
  return { ...end, results, notices };
}
