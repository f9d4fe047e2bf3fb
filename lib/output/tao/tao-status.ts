import type { FileStore } from '#core/ports.ts';
import { pythonJson } from './python-json.ts';

/** TAO's `status.json`, as JSON lines: the last one is the current state of the job. */
export interface TaoStatus {
  started(): Promise<void>;
  /** `reason` = the cause of an early stop, if there is one. */
  ended(reason: unknown): Promise<void>;
}

type Level = 'STARTED' | 'RUNNING' | 'FAILURE';

export function createTaoStatus(results: FileStore, wallClock: () => number): TaoStatus {
  const lines: string[] = [];
  const add = async (status: Level, message: string) => {
    const now = new Date(wallClock());
    const date = `${now.getMonth() + 1}/${now.getDate()}/${now.getFullYear()}`;
    const time = `${now.getHours()}:${now.getMinutes()}:${now.getSeconds()}`;
    lines.push(`${pythonJson({ date, time, status, verbosity: status === 'FAILURE' ? 'ERROR' : 'INFO', message })}\n`);
    const writer = await results.create('status.json');
    for (const line of lines) await writer.write(line);
    await writer.close();
  };
  return {
    started: () => add('STARTED', 'Starting image_grounding.'),
    ended: (reason) =>
      reason === undefined
        ? add('RUNNING', 'image_grounding finished successfully.')
        : add('FAILURE', reason instanceof Error ? reason.message : String(reason)),
  };
}
