/** The distribution of a run over Lambda functions. */
export interface Partitioning {
  /** Functions of one step that run at the same time. */
  readonly lambdas: number;
  /** Calls in flight per function. */
  readonly callsPerLambda: number;
  /** Samples per function call. */
  readonly batchSize: number;
}

export interface Workload {
  readonly samples: number;
  readonly maxWorkers: number;
  readonly maxLambdas: number;
  /** A known limit of the endpoint, in calls a second. */
  readonly callsPerSecond?: number | undefined;
  /** Longest line of the input in bytes; it limits the batch size, so that a function can hold its lines. */
  readonly longestLine?: number;
}

/** Calls in flight that keep one function of half a gigabyte busy without filling it. */
const CALLS_PER_LAMBDA = 32;
const LARGEST_BATCH = 200;
/** Assumed seconds of a model call, needed to apply a rate limit. */
const LATENCY_S = 6;
const BATCH_BYTES = 64 * 1024 * 1024;

/** `lambdas × callsPerLambda` never exceeds `max_workers` or a known rate limit. Batches are small enough for every function to get some. */
export function computePartitioning({ samples, maxWorkers, maxLambdas, callsPerSecond, longestLine = 1 }: Workload): Partitioning {
  const wanted = clamp(Math.ceil(maxWorkers / CALLS_PER_LAMBDA), 1, Math.max(1, maxLambdas));
  const calls = computeCalls(maxWorkers, wanted);
  const useful = callsPerSecond === undefined ? wanted : Math.ceil((callsPerSecond * LATENCY_S) / calls);
  const lambdas = clamp(useful, 1, wanted);
  const callsPerLambda = lambdas === wanted ? calls : Math.min(calls, computeCalls(maxWorkers, lambdas));
  const fair = clamp(Math.ceil(samples / (4 * lambdas)), Math.min(callsPerLambda, LARGEST_BATCH), LARGEST_BATCH);
  const batchSize = clamp(fair, 1, Math.max(1, Math.floor(BATCH_BYTES / longestLine)));
  return { lambdas, callsPerLambda, batchSize };
}

const computeCalls = (maxWorkers: number, lambdas: number) => clamp(Math.floor(maxWorkers / lambdas), 1, LARGEST_BATCH);

const clamp = (value: number, least: number, most: number) => Math.min(Math.max(value, least), most);
