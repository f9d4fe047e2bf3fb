import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';

const bin = join(process.cwd(), 'node_modules', '.bin');
/** A process that has no network at all, where this machine lets us make one. */
const offline = spawnSync('unshare', ['-rn', 'true']).status === 0 ? ['unshare', '-rn'] : [];

function cdk(out: string, ...args: string[]) {
  const [command = '', ...rest] = [...offline, join(bin, 'cdk'), ...args, '--output', out];
  // No credentials, no profile, no proxy: an environment of its own.
  return promisify(execFile)(command, rest, { env: { PATH: `${bin}:/usr/bin:/bin`, HOME: out, AWS_EC2_METADATA_DISABLED: 'true' } });
}

describe('cdk synth', () => {
  const folder = () => {
    const out = mkdtempSync(join(tmpdir(), 'groundline-synth-'));
    onTestFinished(() => rmSync(out, { recursive: true, force: true }));
    return out;
  };

  it('needs neither credentials nor a network, whatever the environment', async () => {
    for (const name of ['dev', 'self-hosted']) {
      const out = folder();
      await cdk(out, 'synth', '--quiet', '-c', `env=${name}`);
      expect(existsSync(join(out, `Groundline-${name}.template.json`))).toBe(true);
    }
  });

  it('names the environments for an unknown one', async () => {
    const failure = await cdk(folder(), 'synth', '--quiet', '-c', 'env=staging').catch((error: { stderr: string }) => error);

    expect(failure).toMatchObject({ stderr: expect.stringContaining('no environment "staging": use one of -c env=dev, -c env=prod') });
    expect((failure as { stderr: string }).stderr).not.toMatch(/^\s+at .*\.ts/m);
  });
});
