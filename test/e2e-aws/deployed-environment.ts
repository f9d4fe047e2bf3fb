import { readFile } from 'node:fs/promises';
import type { TestProject } from 'vitest/node';
import { deploy, type StackOutputs } from './emulator/deploy.ts';
import { pythonMissing } from './emulator/install-emulator.ts';
import { startEmulator } from './emulator/start-emulator.ts';

/** What a suite has to know to reach the environment. */
export interface Deployed {
  readonly endpoint: string;
  readonly env: Readonly<Record<string, string>>;
  readonly scratch: string;
  readonly outputs: StackOutputs;
  /** Of models that the environment names. */
  readonly modelHosts: readonly string[];
  /** The emulator's certificate, which its clients have to trust. */
  readonly certificate: string;
  /** Process group of the emulator and its functions. */
  readonly processGroup: number;
}

declare module 'vitest' {
  interface ProvidedContext {
    deployed: Deployed | undefined;
  }
}

/** Factor on every wait of a state machine: a minute of waiting becomes three seconds. */
export const WAIT_SCALE = 0.05;

/** Below the ports that systems hand out by themselves; one of them per model that a suite starts. */
const modelHosts = Array.from({ length: 40 }, (_, i) => `127.0.0.1:${21_500 + i}`);

/** `cdk bootstrap` and `cdk deploy` of the dev environment into an emulator that checks every call against the stack's IAM policies. */
export default async function setUp({ provide }: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (pythonMissing()) {
    provide('deployed', undefined);
    return undefined;
  }
  const emulator = await startEmulator({ iam: true, waitScale: WAIT_SCALE });
  try {
    const { endpoint, env, scratch, processGroup } = emulator;
    const certificate = await readFile(env.AWS_CA_BUNDLE ?? '', 'utf8');
    provide('deployed', { endpoint, env, scratch, processGroup, certificate, modelHosts, outputs: await deploy(emulator, modelHosts) });
  } catch (error) {
    await emulator.stop();
    throw error;
  }
  return emulator.stop;
}
