import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, rmSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { installEmulator } from './install-emulator.ts';

const here = import.meta.dirname;

export interface Emulator {
  readonly endpoint: string;
  /** What a process needs to take the emulator for AWS. */
  readonly env: Readonly<Record<string, string>>;
  /** A directory that is gone after `stop`. */
  readonly scratch: string;
  /** Of the server and the functions it runs. */
  readonly processGroup: number;
  log(): Promise<string>;
  stop(): Promise<void>;
}

export interface EmulatorOptions {
  /** Checks every call against IAM policies, over TLS. */
  readonly iam?: boolean;
  /** Factor on every Wait of a state machine. @default 1 */
  readonly waitScale?: number;
}

/** Starts the emulator on a free port of 127.0.0.1; `stop` leaves nothing behind. */
export async function startEmulator({ iam = false, waitScale = 1 }: EmulatorOptions = {}): Promise<Emulator> {
  const python = await installEmulator();
  const scratch = await mkdtemp(join(tmpdir(), 'groundline-aws-'));
  await lendClientS3(scratch);
  const tls = iam ? await certificate(python, scratch) : undefined;
  const port = await freePort();
  const endpoint = `${iam ? 'https' : 'http'}://127.0.0.1:${port}`;
  const logFile = join(scratch, 'ministack.log');
  const log = openSync(logFile, 'a');
  const server = spawn(python, [join(here, 'run_ministack.py')], {
    env: { ...serverEnv(scratch, port, waitScale), ...tls },
    stdio: ['ignore', log, log],
    cwd: scratch,
    detached: true,
  });

  process.once('exit', () => {
    killGroup(server);
    rmSync(scratch, { recursive: true, force: true });
  });
  const stop = () => stopServer(server, scratch);
  const env = { ...clientEnv(endpoint), ...(tls && trust(tls.MINISTACK_SSL_CERT)) };
  const emulator = { endpoint, env, scratch, processGroup: server.pid ?? 0, stop, log: () => readFile(logFile, 'utf8') };
  await ready(server, port, emulator);
  return emulator;
}

const lent = 'lent-modules';

/** CDK's function that empties a bucket takes the SDK from Lambda's runtime, which the emulator does not have. It gets this package and no other, so that ours still have to stand alone. */
async function lendClientS3(scratch: string): Promise<void> {
  await mkdir(join(scratch, lent, '@aws-sdk'), { recursive: true });
  const name = join('@aws-sdk', 'client-s3');
  await symlink(join(process.cwd(), 'node_modules', name), join(scratch, lent, name));
}

function serverEnv(scratch: string, port: number, waitScale: number) {
  return {
    PATH: `${join(process.cwd(), 'node_modules', '.bin')}:${process.env.PATH}`,
    HOME: scratch,
    TMPDIR: scratch,
    GATEWAY_PORT: String(port),
    BIND_HOST: '127.0.0.1',
    SFTP_ENABLED: '0',
    IOT_MTLS_ENABLED: '0',
    AWS_EC2_METADATA_DISABLED: 'true',
    SFN_WAIT_SCALE: String(waitScale),
    STATE_DIR: join(scratch, 'state'),
    LOG_LEVEL: 'INFO',
    NODE_OPTIONS: '',
    NODE_PATH: join(scratch, lent),
  };
}

function clientEnv(endpoint: string) {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: '000000000000',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    CDK_DISABLE_CLI_TELEMETRY: '1',
  };
}

function trust(file: string) {
  return { NODE_EXTRA_CA_CERTS: file, AWS_CA_BUNDLE: file };
}

async function certificate(python: string, scratch: string) {
  const file = join(scratch, 'certificate.pem');
  const key = join(scratch, 'key.pem');
  await promisify(execFile)(python, [join(here, 'make_certificate.py'), file, key]);
  return { AUTH: 'true', USE_SSL: '1', MINISTACK_SSL_CERT: file, MINISTACK_SSL_KEY: key, ...trust(file) };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port on 127.0.0.1');
  return address.port;
}

async function ready(server: ChildProcess, port: number, emulator: Emulator): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    if (server.exitCode !== null) break;
    if (await accepts(port)) return;
    await sleep(100);
  }
  const log = await emulator.log();
  await emulator.stop();
  throw new Error(`the emulator did not start:\n${log.slice(-4000)}`);
}

function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  }).finally(() => socket.destroy());
}

async function stopServer(server: ChildProcess, scratch: string): Promise<void> {
  const gone = server.exitCode === null ? once(server, 'exit') : undefined;
  killGroup(server);
  await gone;
  await rm(scratch, { recursive: true, force: true, maxRetries: 5 });
}

/** The server leads its own process group: function workers end with it. */
function killGroup(server: ChildProcess): void {
  try {
    if (server.pid !== undefined) process.kill(-server.pid, 'SIGKILL');
  } catch {
    // Nobody left in the group.
  }
}
