import { createServer, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** Replies instead of the server and returns true, or passes the request on. */
export type Fault = (method: string, url: string, response: ServerResponse) => boolean;

export interface FaultyProxy {
  readonly url: string;
  /** Every request, as `GET /bucket/key bytes=2-5`. */
  readonly seen: string[];
}

/**
 * Passes requests on to `target`. Replies to `GET` break off after `cutAfter` bytes, the first `cuts` times.
 * `fault` may reply itself. Closed after the test.
 */
export async function faultyProxy(
  target: string,
  { cutAfter = Number.POSITIVE_INFINITY, cuts = Number.POSITIVE_INFINITY, fault }: { cutAfter?: number; cuts?: number; fault?: Fault },
): Promise<FaultyProxy> {
  const seen: string[] = [];
  let left = cuts;
  const server = createServer((incoming, response) => {
    const { method = '', url = '', headers } = incoming;
    seen.push([method, url.replace(/\?.*/, ''), headers.range].filter((part) => part !== undefined).join(' '));
    if (fault?.(method, url, response)) {
      incoming.resume();
      return;
    }
    const onward = request(new URL(url, target), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      if (method !== 'GET' || left <= 0) {
        answer.pipe(response);
        return;
      }
      let passed = 0;
      answer.on('data', (bytes: Buffer) => {
        passed += bytes.length;
        response.write(bytes.subarray(0, Math.max(0, bytes.length - Math.max(0, passed - cutAfter))), () => {
          if (passed > cutAfter) response.destroy();
        });
        if (passed > cutAfter) answer.destroy();
      });
      answer.on('close', () => {
        if (passed > cutAfter) left -= 1;
        else response.end();
      });
    });
    onward.on('error', () => response.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}
