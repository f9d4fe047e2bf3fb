import type { Resource } from './synthesized.ts';

export interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Principal?: unknown;
  readonly Condition?: unknown;
}

/** The statements of a policy: IAM, bucket, topic, queue or key. */
export function statementsOf({ Properties }: Resource): readonly Statement[] {
  const document = (Properties.PolicyDocument ?? Properties.KeyPolicy) as { Statement: Statement[] };
  return document.Statement;
}

export function actionsOf({ Action }: Statement): readonly string[] {
  return typeof Action === 'string' ? [Action] : Action;
}

/** All strings anywhere inside a value. */
export function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}

/** The environment variables of a function. */
export function variablesOf({ Properties }: Resource): Readonly<Record<string, unknown>> {
  return (Properties.Environment as { Variables?: Record<string, unknown> } | undefined)?.Variables ?? {};
}
