import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the server is to answer next: a reply in the dialect's own words, or any raw answer. */
export type Scripted =
  | { readonly text: string; readonly finish?: 'stop' | 'length' | 'filtered'; readonly thinking?: number; readonly cached?: number }
  | { readonly status: number; readonly body: unknown; readonly headers?: Record<string, string> }
  | 'hang'
  | 'drop';

export interface ReceivedRequest {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Record<string, unknown>;
}

export interface DialectServer {
  readonly url: string;
  readonly requests: ReceivedRequest[];
  /** Answers in turn; the last one stays. */
  answer(...script: Scripted[]): void;
  close(): Promise<void>;
}

/** How a provider writes replies and lists models. */
export interface Dialect {
  readonly backend: 'openai' | 'gemini';
  reply(scripted: Extract<Scripted, { text: string }>): unknown;
  models(ids: string[]): unknown;
}

/** A real HTTP server on loopback with scripted replies in one dialect. */
export async function startDialectServer(dialect: Dialect, served: string[] = ['served-a', 'served-b']): Promise<DialectServer> {
  const requests: ReceivedRequest[] = [];
  let script: Scripted[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    if (request.method === 'GET') return response.setHeader('content-type', 'application/json').end(JSON.stringify(dialect.models(served)));
    requests.push({ path: request.url ?? '', headers: request.headers, body: JSON.parse(Buffer.concat(chunks).toString()) });
    const next = script.length > 1 ? script.shift() : script[0];
    if (next === 'hang' || next === undefined) return undefined;
    if (next === 'drop') return request.socket.destroy();
    const answer = 'text' in next ? { status: 200, body: dialect.reply(next), headers: {} } : next;
    const raw = typeof answer.body === 'string';
    response.writeHead(answer.status, { 'content-type': raw ? 'text/html' : 'application/json', ...answer.headers });
    return response.end(raw ? answer.body : JSON.stringify(answer.body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answer: (...next) => {
      script = next;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const openAIFinish = { stop: 'stop', length: 'length', filtered: 'content_filter' };
const geminiFinish = { stop: 'STOP', length: 'MAX_TOKENS', filtered: 'SAFETY' };

export const openAIDialect: Dialect = {
  backend: 'openai',
  reply: ({ text, finish = 'stop', thinking = 0, cached = 0 }) => ({
    choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: openAIFinish[finish] }],
    usage: {
      prompt_tokens: 300,
      completion_tokens: 40 + thinking,
      prompt_tokens_details: { cached_tokens: cached },
      completion_tokens_details: { reasoning_tokens: thinking },
    },
  }),
  models: (ids) => ({
    object: 'list',
    data: ids.map((id) => ({ id, object: 'model', owned_by: 'me', root: `/models/${id}`, parent: null })),
  }),
};

export const geminiDialect: Dialect = {
  backend: 'gemini',
  reply: ({ text, finish = 'stop', thinking = 0, cached = 0 }) => ({
    candidates: [
      {
        index: 0,
        content: { role: 'model', parts: [{ text: 'let me think', thought: true }, { text }] },
        finishReason: geminiFinish[finish],
      },
    ],
    usageMetadata: { promptTokenCount: 300, candidatesTokenCount: 40, thoughtsTokenCount: thinking, cachedContentTokenCount: cached },
  }),
  models: (ids) => ({ models: ids.map((id) => ({ name: `models/${id}` })) }),
};
