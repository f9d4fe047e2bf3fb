import { dirname } from 'node:path';
import { composeOverrides } from '#cli/spec-options.ts';
import type { ModelReply, VisionLanguageModel } from '#core/ports.ts';
import { openRunCheckpoints } from '#local/run-checkpoints.ts';
import { runLocal } from '#local/run-local.ts';
import { connectModels, type ModelConnection } from '#models/connect.ts';
import { loadSpec } from '#spec/load-spec.ts';
import { createDirectoryFiles } from '#storage/disk/directory-files.ts';
import { createLocalImages } from '#storage/local-images.ts';

const clock = { now: () => performance.now(), sleep: () => Promise.reject(new Error('nothing is waited for')) };

/** Answers from the question alone, without a server. */
function canned({ backend, model }: VisionLanguageModel): VisionLanguageModel {
  const usage = { calls: 1, input: 600, cachedInput: 0, output: 60, thinking: 0 };
  const reply = (text: string, tier: ModelReply['tier']): ModelReply => ({ text, finish: 'stop', tier, usage });
  return {
    backend,
    model,
    async ask({ task, tier }) {
      if (task.kind === 'extract') {
        const expressions = ['red car', 'tall tree'].map((text) => ({ text, noun_chunk: text.split(' ')[1] }));
        return reply(JSON.stringify({ cleaned_caption: task.caption, expressions }), tier);
      }
      return reply(JSON.stringify(task.expressions.map(({ id, text }) => ({ bbox_2d: [100, 200, 500, 700], label: text, id }))), tier);
    },
  };
}

/** Processes a captions file as `generate` does, with a model that answers immediately. */
export async function fillCheckpoints(captions: string, folder: string, overrides: readonly string[]): Promise<void> {
  const { settings } = loadSpec({ overrides: composeOverrides([captions, ...overrides], { out: folder }), env: () => undefined });
  const { signal } = new AbortController();
  const notice = (message: string) => console.log(message);
  const answering = (connection: ModelConnection): ModelConnection => ({ ...connection, model: canned(connection.model) });
  const connect = async () => {
    const common = { settings, keys: {}, maxWorkers: settings.workflow.max_workers, clock, random: Math.random, notice };
    const { extraction, grounding } = await connectModels(common, signal);
    return { extraction: answering(extraction), grounding: answering(grounding) };
  };
  await runLocal(
    { settings, version: 'bench', runId: 'bench', clock, wallClock: Date.now, signal },
    { images: () => createLocalImages({ settings: settings.data, inputFolder: dirname(captions), notice }), connect },
    {
      results: createDirectoryFiles(folder),
      checkpoints: openRunCheckpoints(folder, settings),
      replace: false,
      notice,
      notices: [],
    },
  );
}
