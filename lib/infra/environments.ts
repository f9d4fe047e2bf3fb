import { UsageError } from '#core/errors.ts';
import { isHostName, vendorHosts } from '#core/model-hosts.ts';

/** What differs between environments. One environment is one stack, `Groundline-<name>`. */
export interface Environment {
  /** Account and region to deploy to. @default those of the credentials in use */
  readonly account?: string;
  readonly region?: string;
  /** Bucket, table, key and logs survive `cdk destroy`, and the stack has termination protection. */
  readonly retain: boolean;
  /** Encrypt bucket, table, logs, topic and secret with a key of the stack instead of keys AWS owns. */
  readonly customerKey: boolean;
  /** Put the functions into a VPC of the stack, for models that are served inside one. */
  readonly vpc: boolean;
  /** With `vpc`: a NAT gateway, for models on the internet. */
  readonly natGateway: boolean;
  readonly pointInTimeRecovery: boolean;
  /** Days after which checkpoints may be forgotten and are paid for again. @default never */
  readonly checkpointDays?: number;
  /** Days after which `runs/` is deleted. @default never */
  readonly runDays?: number;
  readonly logDays: 7 | 30 | 90 | 365;
  /** Most functions of one step at a time. */
  readonly maxLambdas: number;
  /** Memory of the extract and ground functions in MB: 512; 1024 where most images must be re-encoded. */
  readonly memoryMb: number;
  /** Seconds between an upload and the first look at it, and minutes that images may come later than captions. */
  readonly uploadDelaySeconds: number;
  readonly imageGraceMinutes: number;
  /**
   * Hosts that calls to models may go to, by their exact names: `vlm.example.com`, with the port where it is not the default, `10.0.1.5:8000`.
   * A spec that names any other host is refused. Name your one subdomain of vendors where customers own subdomains:
   * `my-team.openai.azure.com`, `bedrock-runtime.eu-west-1.amazonaws.com`. @default the APIs that all customers of a vendor share
   */
  readonly modelHosts: readonly string[];
  /** Hosts of your own servers: allowed as well, and they bill nothing by the call and may need no key. Private addresses in `modelHosts` are. */
  readonly ownModelHosts: readonly string[];
  /**
   * A run that an upload started and that is estimated above this ends with the start input to paste. So does one whose model is
   * billed at a price that is not known: every host but private ones and `ownModelHosts`.
   */
  readonly maxUnattendedUsd: number;
  /** Other buckets whose images may be read. */
  readonly imageBuckets: readonly string[];
  /** Who hears of finished and failed runs and of alarms. */
  readonly email?: string;
  /** An alarm is raised when models cost more than this in a day; AWS does not see that money. */
  readonly alarmModelUsdPerDay: number;
  /** Monthly AWS budget in USD, with a message at 80 %. @default none */
  readonly monthlyBudgetUsd?: number;
  /** Beside `Project` and `Environment`, which every resource has: owner, cost centre. */
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

/** An example of a third: a model served inside a VPC, at a name of the VPC's own, and large images. */
const selfHosted: Environment = {
  ...prod,
  customerKey: false,
  vpc: true,
  modelHosts: ['vlm.internal:8000'],
  maxLambdas: 8,
  memoryMb: 1024,
};

export const environments: Readonly<Record<string, Environment>> = { dev, prod, 'self-hosted': selfHosted };

/** The environment that `-c env=<name>` chose. Throws `UsageError` with the valid names. */
export function environmentNamed(name: unknown): Environment {
  const environment = typeof name === 'string' && Object.hasOwn(environments, name) ? environments[name] : undefined;
  if (environment !== undefined) return environment;
  const valid = Object.keys(environments)
    .map((each) => `-c env=${each}`)
    .join(', ');
  throw new UsageError(`${name === undefined ? 'no environment given' : `no environment "${String(name)}"`}: use one of ${valid}`);
}

/** Every host that an environment allows. Throws `UsageError` for a name that is not the exact name of a host. */
export function allowedHosts({ modelHosts, ownModelHosts }: Pick<Environment, 'modelHosts' | 'ownModelHosts'>): readonly string[] {
  const hosts = [...new Set([...modelHosts, ...ownModelHosts])];
  const wrong = hosts.find((host) => !isHostName(host));
  if (wrong === undefined) return hosts;
  throw new UsageError(
    `modelHosts cannot hold ${JSON.stringify(wrong)}: expected the exact name of a host in lower case, with its port where that is not 443, e.g. "vlm.example.com" or "10.0.1.5:8000"; fix: write it so, without scheme, path or *`,
  );
}
