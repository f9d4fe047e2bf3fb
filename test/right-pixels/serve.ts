import { startLookingModel } from './looking-model.ts';

/**
 * The model that looks, as a process: prints `looking-model on http://127.0.0.1:<port>` and serves until it is stopped. `GET /stats` counts calls.
 * PORT (0 = any free one), MODELS (names it lists, comma-separated), LATENCY_MS.
 */
const { PORT, MODELS, LATENCY_MS } = process.env;
const model = await startLookingModel({
  port: Number(PORT ?? 0),
  ...(MODELS && { models: MODELS.split(',') }),
  ...(LATENCY_MS && { latencyMs: Number(LATENCY_MS) }),
});
console.log(`looking-model on ${model.url}`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => model.close().then(() => process.exit(0)));
