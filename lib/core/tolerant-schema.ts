import { z } from 'zod';

/** The fields of `T`, each of which may be missing, down to the values that are no objects. */
export type Tolerant<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? string extends keyof T
      ? Record<string, Tolerant<T[string & keyof T]>>
      : { [K in keyof T]?: Tolerant<T[K]> | undefined }
    : T;

/**
 * The same object for readers of other versions and of unfinished files: unknown fields are ignored,
 * and a field that is missing or has another form is `undefined`. An entry of another form is left out of its record.
 */
export function tolerate<T extends z.ZodObject>(schema: T): z.ZodType<Tolerant<z.infer<T>>> {
  return tolerateObject(schema) as unknown as z.ZodType<Tolerant<z.infer<T>>>;
}

function tolerateObject({ shape }: z.ZodObject): z.ZodObject {
  return z.object(Object.fromEntries(Object.entries(shape).map(([name, field]) => [name, tolerateValue(field as z.ZodType)])));
}

function tolerateValue(schema: z.ZodType): z.ZodType {
  return tolerateForm(schema).optional().catch(undefined);
}

function tolerateForm(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodOptional) return tolerateForm(schema.unwrap() as z.ZodType);
  if (schema instanceof z.ZodObject) return tolerateObject(schema);
  if (schema instanceof z.ZodRecord) return z.record(z.string(), tolerateValue(schema.valueType as z.ZodType)).transform(withoutUndefined);
  return schema;
}

function withoutUndefined(entries: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined));
}
