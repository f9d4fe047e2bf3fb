import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { type FamilyServer, familyServers } from './family-servers.ts';
import { look, type Seen } from './look.ts';
import { askedDescriptions, captionOf, colouredPhrases, colourIn, type LookingRequest, readRequest } from './read-request.ts';

export interface LookingModelOptions {
  readonly port?: number;
  /** Models in its list; by default one of every family. */
  readonly models?: readonly string[];
  readonly latencyMs?: number;
}

export interface LookingStats {
  readonly calls: number;
  /** Calls per distinct request (model, words and image bytes). */
  readonly requests: Readonly<Record<string, number>>;
  readonly distinct: number;
  readonly billedTwice: number;
  readonly noImage: number;
}

export interface LookingModel {
  readonly url: string;
  stats(): LookingStats;
  close(): Promise<void>;
}

/**
 * A stand-in for model servers that really looks: it decodes the very bytes it was sent, finds coloured rectangles in them,
 * and answers as a server of the family that the model's name belongs to: its resizing, its numbers, its form. A name of no family is a Qwen3-VL.
 */
export async function startLookingModel(options: LookingModelOptions = {}): Promise<LookingModel> {
  const models = options.models ?? Object.values(familyServers).map(({ model }) => model);
  const requests = new Map<string, number>();
  const views = createViews();
  let noImage = 0;

  const answer = async (request: LookingRequest) => {
    const image = digest(request.image ?? '');
    const key = digest(`${request.model} ${request.prompt} ${image}`);
    requests.set(key, (requests.get(key) ?? 0) + 1);
    if (!request.image) noImage += 1;
    if (options.latencyMs) await setTimeout(options.latencyMs);
    if (request.isExtraction) return extract(request.prompt);
    const server = Object.values(familyServers).find(({ model }) => model === request.model) ?? (familyServers['qwen3-vl'] as FamilyServer);
    return ground(request, server, await views(request.image, image, server.resize));
  };
  const stats = (): LookingStats => {
    const calls = requests.values().reduce((sum, count) => sum + count, 0);
    return { calls, requests: Object.fromEntries(requests), distinct: requests.size, billedTwice: calls - requests.size, noImage };
  };

  const server = createServer(async (incoming, response) => {
    const path = incoming.url ?? '/';
    const send = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    try {
      if (path.startsWith('/stats')) return send(200, stats());
      if (incoming.method === 'GET') return send(200, listModels(path, models));
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk);
      const request = readRequest(path, JSON.parse(Buffer.concat(chunks).toString()));
      return send(200, reply(request, await answer(request)));
    } catch (error) {
      return send(400, { error: { message: `bad request: ${error}`, code: 400 } });
    }
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stats,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** What is seen of an image by servers of one kind, kept for the next question about it. */
function createViews() {
  const seen = new Map<FamilyServer['resize'], Map<string, Promise<Seen>>>();
  return (image: Buffer | undefined, name: string, resize: FamilyServer['resize']): Promise<Seen> => {
    if (!image) return Promise.resolve({ width: 1, height: 1, rectangles: [] });
    const known = seen.get(resize) ?? new Map<string, Promise<Seen>>();
    seen.set(resize, known);
    const view = known.get(name) ?? look(image, resize);
    known.set(name, view);
    if (known.size > 100) known.delete(known.keys().next().value as string);
    return view;
  };
}

const digest = (data: string | Uint8Array) => createHash('sha1').update(data).digest('hex').slice(0, 16);

function extract(prompt: string): string {
  const caption = captionOf(prompt);
  return JSON.stringify({ cleaned_caption: caption, expressions: colouredPhrases(caption) });
}

function ground({ prompt, key, hasSchema }: LookingRequest, server: FamilyServer, view: Seen): string {
  const answers = askedDescriptions(prompt).map(({ id, text }) => {
    const colour = colourIn(text);
    const found = view.rectangles.filter((rectangle) => rectangle.colour === colour);
    return { id, label: text, boxes: found.map(({ box }) => server.write(box, view)) };
  });
  if (!hasSchema) return server.format(answers, key);
  const boxes = answers.flatMap(({ id, label, boxes: own }) => own.map((box) => ({ [key]: box, label, id, score: 0.97 })));
  return JSON.stringify({ boxes, absent: answers.filter(({ boxes: own }) => own.length === 0).map(({ id }) => id) });
}

function reply({ dialect, prompt, model }: LookingRequest, text: string): unknown {
  const [input, output] = [300 + Math.ceil(prompt.length / 4), Math.ceil(text.length / 4)];
  return dialect === 'gemini'
    ? {
        candidates: [{ index: 0, content: { role: 'model', parts: [{ text }] }, finishReason: 'STOP' }],
        usageMetadata: { promptTokenCount: input, candidatesTokenCount: output },
        modelVersion: model,
      }
    : {
        object: 'chat.completion',
        model,
        choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
        usage: { prompt_tokens: input, completion_tokens: output },
      };
}

function listModels(path: string, models: readonly string[]): unknown {
  return path.startsWith('/v1/')
    ? { object: 'list', data: models.map((id) => ({ id, object: 'model' })) }
    : { models: models.map((id) => ({ name: `models/${id}` })) };
}
