import { UsageError } from '#core/errors.ts';
import { isHostName, vendorHosts } from '#core/hosts/model-hosts.ts';

/** The settings of an environment. One environment is one stack, `Groundline-<name>`. */
export interface Environment {
  /** Account and region to deploy to. @default account and region of the credentials in use */
  readonly account?: string;
  readonly region?: string;
  /** Bucket, table, key and logs survive `cdk destroy`, and the stack has termination protection. */
  readonly retain: boolean;
  /** Encrypt bucket, table, logs, topic and secret with a key of the stack instead of the keys of AWS. */
  readonly customerKey: boolean;
  /** Put the functions into a VPC of the stack, for models served inside it. */
  readonly vpc: boolean;
  /** With `vpc`: a NAT gateway, for models on the internet. */
  readonly natGateway: boolean;
  readonly pointInTimeRecovery: boolean;
  /** Days after which a checkpoint expires; its model calls are then made again. @default never */
  readonly checkpointDays?: number;
  /** Days after which `runs/` is deleted. @default never */
  readonly runDays?: number;
  readonly logDays: 7 | 30 | 90 | 365;
  /** Functions of one step that run at the same time, at most. */
  readonly maxLambdas: number;
  /** Memory of the extract and ground functions in MB: 512, or 1024 if most images must be re-encoded. */
  readonly memoryMb: number;
  /** Seconds between an upload and the start of its preparation, so that a spec uploaded after the captions is included. */
  readonly uploadDelaySeconds: number;
  /** Minutes that a run waits for images that are uploaded after the captions. Counts only while no missing image appears. */
  readonly imageGraceMinutes: number;
  /** @deprecated Old name of `uploadDelaySeconds`, which it replaces with a notice. */
  readonly settleSeconds?: number;
  /** @deprecated Old name of `imageGraceMinutes`, which it replaces with a notice. */
  readonly settleMinutes?: number;
  /**
   * Hosts that model calls may go to, by their exact names: `vlm.example.com`, or with a port other than the default, `10.0.1.5:8000`.
   * A spec with any other host is refused. If customers of a vendor own subdomains, name your own:
   * `my-team.openai.azure.com`, `bedrock-runtime.eu-west-1.amazonaws.com`. @default the APIs that all customers of a vendor share
   */
  readonly modelHosts: readonly string[];
  /** Hosts of your own servers. They are allowed as well, bill nothing per call and may need no key. Private addresses in `modelHosts` count as own servers. */
  readonly ownModelHosts: readonly string[];
  /**
   * USD that a run started by an upload may cost by its estimate. A run above it, or with a billed model of unknown price, makes no
   * model calls and ends with the start input that approves it. Private hosts and `ownModelHosts` bill nothing.
   */
  readonly maxUnattendedUsd: number;
  /** Other buckets that images may be read from. */
  readonly imageBuckets: readonly string[];
  /** Address that receives completed runs, failed runs and alarms. */
  readonly email?: string;
  /** An alarm is raised when models cost more than this in a day. The bill of AWS does not contain these costs. */
  readonly alarmModelUsdPerDay: number;
  /** Monthly AWS budget in USD, with a message at 80 %. @default none */
  readonly monthlyBudgetUsd?: number;
  /** Tags in addition to `Project` and `Environment`, which every resource has: owner, cost centre. */
  readonly tags: Readonly<Record<string, string>>;
}

const dev: Environment = {
  retain: false,
  customerKey: false,
  vpc: false,
  natGateway: false,
  pointInTimeRecovery: false,
  checkpointDays: 90,
  logDays: 7,
  maxLambdas: 20,
  memoryMb: 512,
  uploadDelaySeconds: 60,
  imageGraceMinutes: 15,
  modelHosts: vendorHosts,
  ownModelHosts: [],
  maxUnattendedUsd: 20,
  alarmModelUsdPerDay: 50,
  imageBuckets: [],
  tags: {},
};

const prod: Environment = {
  ...dev,
  retain: true,
  customerKey: true,
  pointInTimeRecovery: true,
  checkpointDays: 365,
  logDays: 90,
  maxLambdas: 100,
  maxUnattendedUsd: 200,
  alarmModelUsdPerDay: 500,
};

/** An example of a third environment: a model served inside a VPC, at a private name, and large images. */
const selfHosted: Environment = {
  ...prod,
  customerKey: false,
  vpc: true,
  modelHosts: ['vlm.internal:8000'],
  maxLambdas: 8,
  memoryMb: 1024,
};

export const environments: Readonly<Record<string, Environment>> = { dev, prod, 'self-hosted': selfHosted };

/** The environment of `-c env=<name>`. Throws `UsageError` with the valid names. */
export function environmentNamed(name: unknown): Environment {
  const environment = typeof name === 'string' && Object.hasOwn(environments, name) ? environments[name] : undefined;
  if (environment !== undefined) return environment;
  const valid = Object.keys(environments)
    .map((each) => `-c env=${each}`)
    .join(', ');
  throw new UsageError(`${name === undefined ? 'no environment given' : `no environment "${String(name)}"`}: use one of ${valid}`);
}

/**
 * The environment with the current names of its settings. An old name takes the place of the current one, since
 * `{ ...dev, settleSeconds: 30 }` has both; `notice` gets one sentence per old name.
 */
export function renameOldSettings(environment: Environment, notice: (message: string) => void): Environment {
  const { settleSeconds, settleMinutes, ...current } = environment;
  const readOld = (old: string, name: 'uploadDelaySeconds' | 'imageGraceMinutes', value: number | undefined): number => {
    if (value === undefined) return current[name];
    notice(`the setting ${old} of an environment is now called ${name}: ${old}=${value} is used; fix: write ${name}: ${value}`);
    return value;
  };
  return {
    ...current,
    uploadDelaySeconds: readOld('settleSeconds', 'uploadDelaySeconds', settleSeconds),
    imageGraceMinutes: readOld('settleMinutes', 'imageGraceMinutes', settleMinutes),
  };
}

/** All hosts that an environment allows. Throws `UsageError` for an entry that is not the exact name of a host. */
export function allowedHosts({ modelHosts, ownModelHosts }: Pick<Environment, 'modelHosts' | 'ownModelHosts'>): readonly string[] {
  const hosts = [...new Set([...modelHosts, ...ownModelHosts])];
  const wrong = hosts.find((host) => !isHostName(host));
  if (wrong === undefined) return hosts;
  throw new UsageError(
    `modelHosts cannot hold ${JSON.stringify(wrong)}: expected the exact name of a host in lower case, with a port other than 443, e.g. "vlm.example.com" or "10.0.1.5:8000"; fix: remove scheme, path and *`,
  );
}
