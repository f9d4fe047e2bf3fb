import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** One call as the stand-in understood it. */
export interface StandInCall {
  readonly step: 'step_0' | 'step_1';
  readonly caption: string;
  readonly phrases: readonly { readonly id: number; readonly text: string }[];
  readonly prompt: string;
  readonly images: number;
  /** How often this very question was asked before. */
  readonly repeat: number;
  readonly authorization: string | undefined;
  /** Of whoever called, on this machine. */
  readonly port: number | undefined;
}

/** What to answer instead of the truth: a reply's text, a status, or nothing at all. */
export type Scripted =
  | { readonly text: string; readonly finish?: string }
  | { readonly status: number; readonly error?: string; readonly headers?: Record<string, string> }
  | 'drop';

export interface StandInOptions {
  /** @default any that is free */
  readonly port?: number;
  readonly latencyMs?: number;
  /** Nothing is answered before. */
  readonly until?: Promise<void>;
  readonly models?: readonly string[];
  /** Replies without token counts, like many local servers. */
  readonly silent?: boolean;
  readonly script?: (call: StandInCall, calls: readonly StandInCall[]) => Scripted | undefined;
}

export interface StandIn {
  readonly url: string;
  /** Overrides that point a run at it. */
  readonly overrides: readonly string[];
  readonly calls: StandInCall[];
  /** Answered with a reply: what a vendor would have charged for. */
  readonly paid: StandInCall[];
  readonly maxInFlight: number;
  close(): Promise<void>;
}

export const servedModel = 'Qwen/Qwen3-VL-8B-Instruct';

/** A real model endpoint on the loopback: finds every "a … …" of a caption, and a box for each that depends on its words alone. "ghost" is never visible. */
export async function startStandIn({
  port = 0,
  latencyMs = 0,
  until,
  models = [servedModel],
  silent,
  script,
}: StandInOptions = {}): Promise<StandIn> {
  const calls: StandInCall[] = [];
  const paid: StandInCall[] = [];
  const seen = new Map<string, number>();
  let inFlight = 0;
  let maxInFlight = 0;

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await bodyOf(request);
    if (request.method === 'GET') return send(response, 200, { object: 'list', data: models.map((id) => ({ id, object: 'model' })) });
    const key = createHash('sha1').update(body).digest('hex');
    const call = read(body, seen.get(key) ?? 0, request);
    seen.set(key, call.repeat + 1);
    calls.push(call);
    maxInFlight = Math.max(maxInFlight, ++inFlight);
    if (latencyMs > 0) await sleep(latencyMs);
    await until;
    inFlight--;
    const scripted = script?.(call, calls);
    if (scripted === 'drop') return request.socket.destroy();
    if (scripted && 'status' in scripted)
      return send(response, scripted.status, { error: { message: scripted.error ?? 'scripted' } }, scripted.headers);
    paid.push(call);
    const { usage, ...untold } = reply(scripted?.text ?? truth(call), scripted?.finish ?? 'stop');
    return send(response, 200, silent ? untold : { ...untold, usage });
  };
  const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  return {
    url,
    overrides: [
      'vlm.backend=openai',
      `vlm.openai.base_url=${url}`,
      `vlm.openai.model_name=${models[0]}`,
      'vlm.openai.api_key=none',
      'vlm.localisation_check=off',
    ],
    calls,
    paid,
    get maxInFlight() {
      return maxInFlight;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The reply of the stand-in to a caption or to phrases without a script. */
export function truth({ step, caption, phrases }: Pick<StandInCall, 'step' | 'caption' | 'phrases'>): string {
  if (step === 'step_0') {
    const texts = [...caption.matchAll(/\ba ([\p{L}\p{Extended_Pictographic}]+ [\p{L}\p{Extended_Pictographic}]+)/gu)].map(
      ([, text]) => text ?? '',
    );
    return JSON.stringify({ cleaned_caption: caption, expressions: texts.map((text) => ({ text, noun_chunk: text.split(' ')[1] })) });
  }
  return JSON.stringify(phrases.map(({ id, text }) => ({ bbox_2d: text.includes('ghost') ? null : boxOf(text), label: text, id })));
}

/** In thousandths of the image's sides. */
function boxOf(text: string): number[] {
  const [x = 0, y = 0, w = 0, h = 0] = createHash('sha1').update(text).digest();
  return [x, y, x + 200 + w, y + 200 + h];
}

function read(body: string, repeat: number, { headers, socket }: IncomingMessage): StandInCall {
  const { messages } = JSON.parse(body) as { messages: { content: string | { type: string; text?: string }[] }[] };
  const parts = messages.flatMap(({ content }) => (typeof content === 'string' ? [{ type: 'text', text: content }] : content));
  const prompt = parts.map(({ text = '' }) => text).join('\n');
  const step = prompt.includes('noun_chunk') ? 'step_0' : 'step_1';
  const caption = JSON.parse(/caption: ("(?:[^"\\]|\\.)*")/i.exec(prompt)?.[1] ?? '""') as string;
  const phrases = [...prompt.matchAll(/^(\d+)\. ("(?:[^"\\]|\\.)*")/gm)].map(([, id, text]) => ({
    id: Number(id),
    text: JSON.parse(text ?? '""') as string,
  }));
  const images = parts.filter(({ type }) => type === 'image_url').length;
  return {
    step,
    caption,
    phrases: step === 'step_1' ? phrases : [],
    prompt,
    images,
    repeat,
    authorization: headers.authorization,
    port: socket.remotePort,
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function reply(text: string, finish: string) {
  return {
    id: 'x',
    object: 'chat.completion',
    model: servedModel,
    choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: finish }],
    usage: { prompt_tokens: 600, completion_tokens: 60, total_tokens: 660 },
  };
}

function send(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}
