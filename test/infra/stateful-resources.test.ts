import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { synthesized } from './synthesized.ts';

/** Resources that hold data, keys or subscribers. A new logical id replaces them: the old one is deleted or left behind. */
const statefulTypes = new Set([
  'AWS::S3::Bucket',
  'AWS::DynamoDB::Table',
  'AWS::KMS::Key',
  'AWS::SecretsManager::Secret',
  'AWS::SNS::Topic',
  'AWS::SNS::Subscription',
  'AWS::SQS::Queue',
  'AWS::Logs::LogGroup',
]);

/** Logical id → type by environment, as deployed stacks have them. A resource is added here by hand and never renamed. */
const deployed = JSON.parse(readFileSync(new URL('stateful-resources.json', import.meta.url), 'utf8')) as Record<
  string,
  Record<string, string>
>;

describe('stateful resources', () => {
  it('are listed for every environment', () => {
    expect(Object.keys(deployed)).toEqual(synthesized.map(({ name }) => name));
  });

  it.each(synthesized)('of $name keep their logical ids and types', ({ name, template }) => {
    const entries = Object.entries(template.Resources).map(([id, { Type }]) => [id, Type] as const);
    const stateful = Object.fromEntries(entries.filter(([, type]) => statefulTypes.has(type)));

    expect(stateful).toEqual(deployed[name]);
  });
});
