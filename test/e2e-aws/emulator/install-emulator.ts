import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The pinned emulator and what CDK's custom resources and its KMS need; run_ministack.py refuses another version. */
const packages = ['ministack==1.5.33', 'boto3==1.43.106', 'cryptography==50.0.2'];
const home = join(process.cwd(), '.cache', 'ministack-1.5.33');

/** Whether this machine has a Python that can make a virtual environment. In CI a missing one is an error, elsewhere a reason to skip. */
export function pythonMissing(): boolean {
  try {
    execFileSync('python3', ['-c', 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))'], { stdio: 'ignore' });
    return false;
  } catch {
    if (process.env.CI) throw new Error('the AWS tests need python3 ≥ 3.10 with venv; in CI they may not be skipped');
    return true;
  }
}

/** Path of the Python that has the emulator, installed into `.cache` by the first suite that asks. */
export async function installEmulator(): Promise<string> {
  if (!existsSync(home)) {
    const making = `${home}.${process.pid}`;
    await mkdir(join(home, '..'), { recursive: true });
    await run('python3', ['-m', 'venv', making]);
    await run(join(making, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages]);
    // Suites run side by side: the first to finish gives the folder its name.
    await rename(making, home).catch(() => rm(making, { recursive: true }));
  }
  return join(home, 'bin', 'python');
}
