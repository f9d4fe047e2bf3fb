import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

export interface Listener {
  readonly host: string;
  /** What reached it, byte by byte. */
  readonly bytes: number;
  close(): Promise<void>;
}

/** Somebody who should hear nothing: counts the bytes that arrive, and answers none. */
export async function startListener(): Promise<Listener> {
  let bytes = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('data', (chunk) => {
      bytes += chunk.length;
      socket.destroy();
    });
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    get bytes() {
      return bytes;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
