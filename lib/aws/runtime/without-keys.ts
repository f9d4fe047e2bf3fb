import { replaceSecrets, withoutSecretsInError } from '#core/secrets/redact.ts';
import type { FunctionLog } from './function-log.ts';

/** Removes the keys from the result or error of `work`, which go into the history of the execution and into messages. */
export async function withoutKeys<T>(values: () => readonly string[], work: () => Promise<T>): Promise<T> {
  try {
    return replaceDeep(await work(), values());
  } catch (error) {
    throw withoutSecretsInError(error, values());
  }
}

/** The same log, with keys removed from messages and facts. */
export function logWithoutKeys(log: FunctionLog, values: () => readonly string[]): FunctionLog {
  const write =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, facts: object = {}): void =>
      log[level](replaceSecrets(message, values()), replaceDeep(facts, values()));
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    count: (...counted) => log.count(...counted),
  };
}

function replaceDeep<T>(value: T, secrets: readonly string[]): T {
  if (typeof value === 'string') return replaceSecrets(value, secrets) as T;
  if (Array.isArray(value)) return value.map((item) => replaceDeep(item, secrets)) as T;
  if (typeof value !== 'object' || value === null || value instanceof Error) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, replaceDeep(item, secrets)])) as T;
}
