/**
 * A model endpoint for benchmarks: answers both dialects from the prompt alone, as cheaply as it can, and counts.
 * Knobs by environment: PORT, LATENCY_MS (± 20 %), P429, RETRY_AFTER, RPS (token bucket), P500, PMALFORMED. `GET /stats` returns the counts.
 * Faults are drawn per question and attempt, so a run can be repeated.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

const knob = (name: string, fallback: number) => Number(process.env[name] ?? fallback);
const knobs = {
  latency: knob('LATENCY_MS', 0),
  p429: knob('P429', 0),
  retryAfter: knob('RETRY_AFTER', 1),
  rps: knob('RPS', 0),
  p500: knob('P500', 0),
  pMalformed: knob('PMALFORMED', 0),
};

interface Stats {
  calls: number;
  refused: number;
  failed: number;
  malformed: number;
  /** Samples with two malformed replies to one prompt. The product does not send it a third time. */
  beyondRepair: number;
  billed: number;
  billedTwice: number;
  maxInFlight: number;
  firstAt: number;
  lastAt: number;
}
const stats: Stats = {
  calls: 0,
  refused: 0,
  failed: 0,
  malformed: 0,
  beyondRepair: 0,
  billed: 0,
  billedTwice: 0,
  maxInFlight: 0,
  firstAt: 0,
  lastAt: 0,
};

let inFlight = 0;
let bucket = { tokens: knobs.rps, at: performance.now() };
const garbled = new Map<string, number>();
const seen = new Map<string, { attempts: number; billed: number }>();

/** A number in [0,1) that depends on its arguments alone. */
function draw(...parts: unknown[]): number {
  return createHash('sha1').update(parts.join('|')).digest().readUInt32BE(0) / 2 ** 32;
}

function overRate(): boolean {
  if (knobs.rps === 0) return false;
  const now = performance.now();
  bucket = { tokens: Math.min(knobs.rps, bucket.tokens + ((now - bucket.at) / 1000) * knobs.rps), at: now };
  if (bucket.tokens < 1) return true;
  bucket.tokens -= 1;
  return false;
}

/** The prompt's text; image bytes are skipped, not parsed. */
function promptOf(body: string, gemini: boolean): string {
  const parsed = JSON.parse(body) as {
    messages?: { content: string | { text?: string }[] }[];
    contents?: { parts: { text?: string }[] }[];
  };
  const parts = gemini
    ? (parsed.contents ?? []).flatMap((c) => c.parts)
    : (parsed.messages ?? []).flatMap((m) => (typeof m.content === 'string' ? [{ text: m.content }] : m.content));
  return parts.map((p) => p.text ?? '').join('\n');
}

function answer(prompt: string): string {
  if (prompt.includes('noun_chunk')) {
    const caption = JSON.parse(/caption"?[^:"\n]{0,60}:\s*("(?:[^"\\]|\\.)*")/i.exec(prompt)?.[1] ?? '""') as string;
    const nouns = ['red car', 'tall tree'].filter((phrase) => caption.includes(phrase));
    return JSON.stringify({
      cleaned_caption: caption,
      expressions: nouns.map((text) => ({ text, noun_chunk: text.split(' ')[1] })),
    });
  }
  const ids = [...prompt.matchAll(/^\s*(\d+)\.\s+"(.+?)"/gm)].map(([, id, label]) => ({ id: Number(id), label }));
  const key = /box_2d|bbox_2d/.exec(prompt)?.[0] ?? 'bbox';
  const boxes = ids.map(({ id, label }) => ({
    [key]: [100 + id, 200, 500 + id, 700],
    label,
    id,
    ...(prompt.includes('"score"') && { score: 0.9 }),
  }));
  return JSON.stringify(prompt.includes('"absent"') ? { boxes, absent: [] } : boxes);
}

function send(res: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  const data = JSON.stringify(body);
  res.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(data), ...headers }).end(data);
}

function refuse(res: ServerResponse, status: number, gemini: boolean): void {
  const message = status === 429 ? 'Rate limit reached' : 'The server had an error';
  const error = gemini
    ? { code: status, message, status: status === 429 ? 'RESOURCE_EXHAUSTED' : 'INTERNAL' }
    : { message, type: status === 429 ? 'rate_limit_error' : 'server_error', code: status === 429 ? 'rate_limit_exceeded' : null };
  setTimeout(() => send(res, status, { error }, status === 429 ? { 'retry-after': String(knobs.retryAfter) } : {}), 20);
}

function complete(body: string, gemini: boolean, res: ServerResponse): void {
  const key = createHash('sha1').update(body).digest('hex');
  const question = seen.get(key) ?? { attempts: 0, billed: 0 };
  seen.set(key, question);
  const roll = draw(key, question.attempts++);
  if (overRate() || roll < knobs.p429) {
    stats.refused += 1;
    refuse(res, 429, gemini);
    return;
  }
  if (roll < knobs.p429 + knobs.p500) {
    stats.failed += 1;
    refuse(res, 500, gemini);
    return;
  }
  stats.billed += 1;
  if (question.billed++ > 0) stats.billedTwice += 1;
  const prompt = promptOf(body, gemini);
  let text = answer(prompt);
  if (roll < knobs.p429 + knobs.p500 + knobs.pMalformed) {
    stats.malformed += 1;
    const question = `${prompt.includes('noun_chunk')} ${/number \d+/.exec(prompt)?.[0]}`;
    const times = (garbled.get(question) ?? 0) + 1;
    garbled.set(question, times);
    if (times === 2) stats.beyondRepair += 1;
    text = text.slice(0, Math.floor(text.length * 0.6));
  }
  const reply = gemini
    ? {
        candidates: [{ content: { role: 'model', parts: [{ text }] }, finishReason: 'STOP' }],
        usageMetadata: { promptTokenCount: 600, candidatesTokenCount: 60 },
      }
    : {
        id: 'x',
        object: 'chat.completion',
        model: 'bench',
        choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 600, completion_tokens: 60, total_tokens: 660 },
      };
  if (knobs.latency === 0) send(res, 200, reply);
  else setTimeout(() => send(res, 200, reply), knobs.latency * (0.8 + 0.4 * draw(key, 'latency')));
}

function count(req: IncomingMessage, res: ServerResponse): void {
  stats.calls += 1;
  stats.firstAt ||= performance.now();
  stats.maxInFlight = Math.max(stats.maxInFlight, ++inFlight);
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  req.on('end', () => complete(Buffer.concat(chunks).toString('latin1'), req.url?.includes(':generateContent') ?? false, res));
  res.on('close', () => {
    inFlight -= 1;
    stats.lastAt = performance.now();
  });
}

function receive(req: IncomingMessage, res: ServerResponse): void {
  if (req.method === 'POST') count(req, res);
  else if (req.url === '/stats') send(res, 200, stats);
  else send(res, 200, { object: 'list', data: [{ id: 'Qwen/Qwen3-VL-8B-Instruct', object: 'model' }] });
}

const server = createServer({ keepAliveTimeout: 60_000 }, receive);
server.listen(knob('PORT', 0), '127.0.0.1', () => {
  const address = server.address();
  console.log(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);
});
