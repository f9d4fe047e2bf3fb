import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { dialectOf, openai, type ReadRequest, type StandInDialect } from './stand-in-dialects.ts';

/** One call as the stand-in understood it. */
export interface StandInCall {
  readonly step: 'step_0' | 'step_1';
  readonly caption: string;
  readonly phrases: readonly { readonly id: number; readonly text: string }[];
  readonly prompt: string;
  readonly images: number;
  /** How often this very question was asked before. */
  readonly repeat: number;
  /** Of the header that its API uses. */
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
  /** Overrides that point a run at it, through the API of OpenAI. */
  readonly overrides: readonly string[];
  /** The same through the API of Gemini. */
  readonly geminiOverrides: readonly string[];
  readonly calls: StandInCall[];
  /** Answered with a reply: what a vendor would have charged for. */
  readonly billed: StandInCall[];
  readonly maxInFlight: number;
  close(): Promise<void>;
}

export const servedModel = 'Qwen/Qwen3-VL-8B-Instruct';
const geminiModel = 'gemini-3.1-flash-lite';

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
  const billed: StandInCall[] = [];
  const seen = new Map<string, number>();
  let inFlight = 0;
  let maxInFlight = 0;

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await bodyOf(request);
    const dialect = dialectOf(request, servedModel);
    if (request.method === 'GET') return send(response, 200, dialect.models(models));
    const key = createHash('sha1').update(body).digest('hex');
    const call = readCall(dialect.read(body), seen.get(key) ?? 0, request);
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
    billed.push(call);
    return send(response, 200, dialect.reply(scripted?.text ?? truth(call, dialect), scripted?.finish ?? 'stop', !silent));
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
    geminiOverrides: [
      'vlm.backend=gemini',
      `vlm.gemini.base_url=${url.replace('/v1', '')}`,
      `vlm.gemini.model=${geminiModel}`,
      'vlm.gemini.api_key=none',
      'vlm.localisation_check=off',
    ],
    calls,
    billed,
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

/** The correct reply to a caption or to phrases, where nothing is scripted. */
export function truth(
  { step, caption, phrases }: Pick<StandInCall, 'step' | 'caption' | 'phrases'>,
  { writeBoxes }: Pick<StandInDialect, 'writeBoxes'> = openai(servedModel),
): string {
  if (step === 'step_0') {
    const texts = [...caption.matchAll(/\ba ([\p{L}\p{Extended_Pictographic}]+ [\p{L}\p{Extended_Pictographic}]+)/gu)].map(
      ([, text]) => text ?? '',
    );
    return JSON.stringify({ cleaned_caption: caption, expressions: texts.map((text) => ({ text, noun_chunk: text.split(' ')[1] })) });
  }
  return JSON.stringify(
    writeBoxes(phrases.map(({ id, text }) => ({ id, label: text, corners: text.includes('ghost') ? undefined : boxOf(text) }))),
  );
}

/** In thousandths of the image's sides. */
function boxOf(text: string): number[] {
  const [x = 0, y = 0, w = 0, h = 0] = createHash('sha1').update(text).digest();
  return [x, y, x + 200 + w, y + 200 + h];
}

function readCall({ prompt, images }: ReadRequest, repeat: number, { headers, socket }: IncomingMessage): StandInCall {
  const step = prompt.includes('noun_chunk') ? 'step_0' : 'step_1';
  const caption = JSON.parse(/caption: ("(?:[^"\\]|\\.)*")/i.exec(prompt)?.[1] ?? '""') as string;
  const phrases = [...prompt.matchAll(/^(\d+)\. ("(?:[^"\\]|\\.)*")/gm)].map(([, id, text]) => ({
    id: Number(id),
    text: JSON.parse(text ?? '""') as string,
  }));
  return {
    step,
    caption,
    phrases: step === 'step_1' ? phrases : [],
    prompt,
    images,
    repeat,
    authorization: headers.authorization ?? headers['x-goog-api-key']?.toString(),
    port: socket.remotePort,
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}
