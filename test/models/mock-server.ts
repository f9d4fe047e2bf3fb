import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';

/** The independent stand-in for a model endpoint, kept outside the repository. */
export const mockServerPath = '../shared/tools/mock-vlm.mjs';

export interface MockServer {
  readonly url: string;
  stats(): Promise<{ calls: number; byStatus: Record<string, number>; maxConcurrent: number }>;
  stop(): void;
}

/** Starts the stand-in in a second process, with its knobs (LATENCY_MS, P429, RETRY_AFTER, RPS, P500 …). */
export async function startMockServer(knobs: Record<string, string>): Promise<MockServer> {
  if (!existsSync(mockServerPath)) throw new Error(`${mockServerPath} is missing: expected the independent stand-in there`);
  const child: ChildProcess = spawn(process.execPath, [mockServerPath], {
    env: { ...process.env, PORT: '0', ...knobs },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(child.stdout as NodeJS.ReadableStream, 'data');
  const url = /http:\/\/\S+/.exec(String(line))?.[0] ?? '';
  return {
    url,
    stats: async () => (await fetch(`${url}/stats`)).json() as ReturnType<MockServer['stats']>,
    stop: () => child.kill(),
  };
}
