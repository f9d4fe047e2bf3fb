import type { FileStore, FileWriter } from '#core/ports.ts';
import type { Split } from './export-format.ts';

/** One file per split, all open at the same time. */
export interface SplitFiles {
  write(split: string, text: string): Promise<void>;
  close(): Promise<void>;
  abort(): Promise<void>;
}

/** Opens the file at `pathOf` each split. `head` begins each file, `tail` ends it. */
export async function openSplitFiles(
  files: FileStore,
  splits: readonly Split[],
  pathOf: (split: string) => string,
  { head = '', tail = '' }: { head?: string; tail?: string } = {},
): Promise<SplitFiles> {
  const writers = new Map<string, FileWriter>();
  const abort = async () => {
    for (const writer of writers.values()) await writer.abort();
  };
  try {
    for (const { name } of splits) {
      const writer = await files.create(pathOf(name));
      writers.set(name, writer);
      await writer.write(head);
    }
  } catch (error) {
    await abort();
    throw error;
  }
  return {
    write: async (split, text) => await writers.get(split)?.write(text),
    async close() {
      for (const writer of writers.values()) {
        await writer.write(tail);
        await writer.close();
      }
    },
    abort,
  };
}

/** One JSON list per split. */
export interface JsonLists extends SplitFiles {
  /** Adds an element, on a line of its own. */
  add(split: string, element: unknown): Promise<void>;
}

/** Opens a file with a JSON list for each split; `head` and `tail` surround the elements. */
export async function openJsonLists(
  files: FileStore,
  splits: readonly Split[],
  pathOf: (split: string) => string,
  { head = '[', tail = '\n]\n' }: { head?: string; tail?: string } = {},
): Promise<JsonLists> {
  const lists = await openSplitFiles(files, splits, pathOf, { head, tail });
  const begun = new Set<string>();
  return {
    ...lists,
    async add(split, element) {
      await lists.write(split, `${begun.has(split) ? ',' : ''}\n${JSON.stringify(element)}`);
      begun.add(split);
    },
  };
}

/** The shortest number that is exact to `digits` decimals. */
export function roundCoordinates(value: number, digits: number): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}
