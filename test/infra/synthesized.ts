import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import type { CloudFormationStackArtifact } from 'aws-cdk-lib/cx-api';
import { addEnvironment } from '#infra/add-environment.ts';
import { type Environment, environments } from '#infra/environments.ts';

export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
  readonly DependsOn?: readonly string[];
}

export interface Template {
  readonly Description: string;
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs: Readonly<Record<string, { readonly Value: unknown; readonly Description: string }>>;
  readonly Parameters: Readonly<Record<string, unknown>>;
}

export interface Synthesized {
  readonly name: string;
  readonly environment: Environment;
  readonly template: Template;
  readonly terminationProtection: boolean;
  /** Resources of one type, by logical id. */
  ofType(type: string): Record<string, Resource>;
}

const { context } = JSON.parse(readFileSync('cdk.json', 'utf8')) as { context: Record<string, unknown> };

/** An app with the context of `cdk.json`, without bundled functions. */
export function testApp(): App {
  const outdir = mkdtempSync(join(tmpdir(), 'groundline-cdk-'));
  process.once('exit', () => rmSync(outdir, { recursive: true, force: true }));
  return new App({ context: { ...context, 'aws:cdk:bundling-stacks': [] }, outdir });
}

/** The stack of an environment of `environments.ts`, with changed settings. Throws for an unexplained finding of cdk-nag. */
export function synthesize(name: string, changes: Partial<Environment> = {}): Synthesized {
  const given = environments[name];
  if (given === undefined) throw new Error(`no environment ${name}`);
  const environment = { ...given, ...changes };
  const app = testApp();
  const { artifactId } = addEnvironment(app, name, environment);
  const { template, terminationProtection = false } = app.synth().getStackArtifact(artifactId) as CloudFormationStackArtifact;
  return {
    name,
    environment,
    template,
    terminationProtection,
    ofType: (type) => Object.fromEntries(Object.entries((template as Template).Resources).filter(([, { Type }]) => Type === type)),
  };
}

/** All shipped environments, and one with the settings that none of them has. */
export const synthesized: readonly Synthesized[] = [
  ...Object.keys(environments).map((name) => synthesize(name)),
  {
    ...synthesize('prod', {
      vpc: true,
      natGateway: true,
      email: 'team@example.com',
      monthlyBudgetUsd: 100,
      imageBuckets: ['their-images'],
      runDays: 30,
      tags: { Owner: 'vision' },
    }),
    name: 'prod with every setting',
  },
];

const pseudoParameters: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws',
  'AWS::Region': 'us-east-1',
  'AWS::AccountId': '123456789012',
};

/** A template value with its references written out as `<LogicalId>` or `<LogicalId.Attribute>`. */
export function written(value: unknown): string {
  if (typeof value === 'string') return value;
  const [kind, argument] = Object.entries(value as Record<string, unknown>)[0] ?? [];
  if (kind === 'Ref') return pseudoParameters[argument as string] ?? `<${String(argument)}>`;
  if (kind === 'Fn::GetAtt') return `<${(argument as string[]).join('.')}>`;
  if (kind === 'Fn::Join') return (argument as [string, unknown[]])[1].map(written).join((argument as [string])[0]);
  return JSON.stringify(value);
}
