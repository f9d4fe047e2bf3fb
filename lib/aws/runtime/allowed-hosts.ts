import { UsageError } from '#core/errors.ts';
import { isPrivateHost, readHost } from '#core/hosts/model-hosts.ts';
import type { Settings } from '#core/settings.ts';
import { listStepEndpoints, type StepEndpoint } from '#models/step-endpoint.ts';

/**
 * Refuses a spec whose model calls go to a host outside the environment's list, or can be routed to one.
 * An upload chooses the data, never the hosts that receive keys and calls. Throws `UsageError`.
 */
export function requireAllowedHosts(settings: Pick<Settings, 'vlm' | 'workflow'>, modelHosts: readonly string[]): void {
  for (const endpoint of listStepEndpoints(settings)) {
    const fault = findHostFault(endpoint, modelHosts);
    if (fault === undefined) continue;
    const isOverridden = settings.vlm[endpoint.step][endpoint.backend]?.[fault.setting] !== undefined;
    const block = isOverridden ? `vlm.${endpoint.step}.${endpoint.backend}` : `vlm.${endpoint.backend}`;
    throw new UsageError(`${block}.${fault.setting} is not allowed here: ${fault.why}`);
  }
}

interface Fault {
  readonly setting: 'base_url' | 'default_headers';
  readonly why: string;
}

/** The first reason to refuse an endpoint. */
function findHostFault({ url, host, settings }: StepEndpoint, modelHosts: readonly string[]): Fault | undefined {
  const ofUrl = (why: string): Fault => ({ setting: 'base_url', why });
  if (readHost(url) === undefined) return ofUrl('got no web address, expected https://host/path; fix: write the address of the API');
  const { protocol, username, password, search, hash } = new URL(url);
  if (username || password) return ofUrl(`got a user name or password before ${host}, expected none; fix: remove it`);
  if (!modelHosts.includes(host))
    return ofUrl(
      `got the host ${host}, expected one of ${modelHosts.join(', ')}; fix: correct the address, or add "${host}" to modelHosts of the environment and deploy it again`,
    );
  if (protocol === 'http:' && !isPrivateHost(host))
    return ofUrl(`got http to the public host ${host}, expected https; fix: write https://`);
  if (search || hash)
    return ofUrl('got a query or fragment, which may hold a credential, expected none; fix: end the address with its path');
  const misleading = Object.keys(settings.default_headers).find((name) => ROUTING_HEADER.test(name));
  if (misleading === undefined) return undefined;
  const why = `got ${JSON.stringify(misleading)}, which can route a call to another host, expected other headers; fix: remove it`;
  return { setting: 'default_headers', why };
}

/** Headers by which shared front ends choose the customer, regardless of the address. */
const ROUTING_HEADER =
  /^\s*(?::?authority|host|forwarded|x-forwarded-.*|x-(?:original|rewrite)-.*|proxy-.*|connection|transfer-encoding|content-length|upgrade)\s*$/i;
