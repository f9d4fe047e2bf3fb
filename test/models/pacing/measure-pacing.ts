/**
 * Measures pacing and overhead against the stand-in in a second process:
 *   node test/models/pacing/measure-pacing.ts SCENARIO [openai|gemini]
 * Each sample asks twice, one after the other, as the pipeline does.
 */
import type { VisionLanguageModel } from '#core/ports.ts';
import { startMockServer } from '../mock-server.ts';
import { openModel } from '../open-model.ts';
import { question } from '../questions.ts';

interface Scenario {
  readonly knobs: Record<string, string>;
  readonly workers: number;
  readonly samples: number;
}

const scenarios: Record<string, Scenario> = {
  'zero-latency': { knobs: {}, workers: 64, samples: 3000 },
  latency: { knobs: { LATENCY_MS: '300' }, workers: 64, samples: 1500 },
  clean: { knobs: { LATENCY_MS: '300' }, workers: 16, samples: 500 },
  'random-429': { knobs: { LATENCY_MS: '300', P429: '0.2', RETRY_AFTER: '1' }, workers: 16, samples: 500 },
  'limit-40': { knobs: { LATENCY_MS: '300', RPS: '40' }, workers: 64, samples: 700 },
  'limit-2': { knobs: { LATENCY_MS: '300', RPS: '2' }, workers: 64, samples: 128 },
  'random-500': { knobs: { LATENCY_MS: '300', P500: '0.1' }, workers: 16, samples: 500 },
};

/** Samples kept open: more than workers, so that samples waiting to try again do not leave workers idle. */
const OPEN_PER_WORKER = 4;

async function askAll(model: VisionLanguageModel, { samples, workers }: Scenario): Promise<{ answered: number; lost: number }> {
  const signal = new AbortController().signal;
  let next = 0;
  let answered = 0;
  let lost = 0;
  const work = async () => {
    while (next < samples) {
      const sample = next++;
      for (const part of ['first', 'second']) {
        await model.ask(question(`a red car and a dog ${sample} ${part}`), signal).then(
          () => answered++,
          () => lost++,
        );
      }
    }
  };
  await Promise.all(Array.from({ length: workers * OPEN_PER_WORKER }, work));
  return { answered, lost };
}

const [name = 'clean', backend = 'openai'] = process.argv.slice(2);
const scenario = scenarios[name];
if (!scenario) throw new Error(`no scenario "${name}"; there are ${Object.keys(scenarios).join(', ')}`);
const server = await startMockServer(scenario.knobs);
const model = await openModel(backend as 'openai' | 'gemini', server.url, scenario.workers);
const cpu = process.cpuUsage();
const started = performance.now();
const outcome = await askAll(model, scenario);
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage(cpu);
const { calls, byStatus, paidTwice, maxConcurrent } = await server.stats();
const bound = (2 * scenario.samples * Number(scenario.knobs.LATENCY_MS ?? 0)) / 1000 / scenario.workers;
console.log(
  JSON.stringify({
    name,
    backend,
    ...outcome,
    seconds: +seconds.toFixed(2),
    perSecond: +(outcome.answered / seconds).toFixed(1),
    cpuMsPerCall: +((user + system) / 1000 / outcome.answered).toFixed(2),
    ofLatencyBound: +(bound / seconds).toFixed(3),
    refusedShare: +((byStatus['429'] ?? 0) / calls).toFixed(4),
    calls,
    paidTwice,
    maxConcurrent,
  }),
);
await model.close();
server.stop();
