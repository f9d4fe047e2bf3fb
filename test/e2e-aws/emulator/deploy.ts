import { execFile } from 'node:child_process';
import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Emulator } from './start-emulator.ts';

const run = promisify(execFile);
const bin = join(process.cwd(), 'node_modules', '.bin');

/** The outputs of the stack by their names. */
export type StackOutputs = Readonly<Record<string, string>>;

/** Runs the CDK CLI of this repository against the emulator. Throws with its output where it fails. */
export async function cdk(emulator: Pick<Emulator, 'env' | 'scratch'>, ...args: string[]): Promise<string> {
  const env = {
    ...emulator.env,
    PATH: `${bin}:${process.env.PATH}`,
    HOME: emulator.scratch,
    TMPDIR: emulator.scratch,
    NODE_NO_WARNINGS: '1',
  };
  // One of its own: two of them may run at a time.
  const out = await mkdtemp(join(emulator.scratch, 'cdk.out-'));
  try {
    const { stdout, stderr } = await run(join(bin, 'cdk'), [...args, '--no-notices', '--output', out], {
      env,
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout + stderr;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`cdk ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error });
  }
}

/** `cdk bootstrap` and `cdk deploy` of the dev environment, with the hosts that the tests' models have. */
export async function deploy(emulator: Pick<Emulator, 'env' | 'scratch'>, modelHosts: readonly string[]): Promise<StackOutputs> {
  await cdk(emulator, 'bootstrap', 'aws://000000000000/us-east-1', '-c', 'env=dev');
  const changes = ['-c', 'name=dev', '-c', `changes=${JSON.stringify({ modelHosts })}`];
  return deployed(emulator, 'dev', '--app', 'node test/e2e-aws/emulator/changed-app.ts', ...changes);
}

/** `cdk deploy` into a bootstrapped emulator. */
export async function deployed(emulator: Pick<Emulator, 'env' | 'scratch'>, environment: string, ...args: string[]): Promise<StackOutputs> {
  const outputs = join(emulator.scratch, `outputs-${environment}.json`);
  await cdk(emulator, 'deploy', ...args, '--require-approval', 'never', '--outputs-file', outputs);
  const stacks = JSON.parse(await readFile(outputs, 'utf8')) as Record<string, StackOutputs>;
  return stacks[`Groundline-${environment}`] ?? {};
}
