import { isPublicAddress } from './public-address.ts';

/**
 * Exact hosts of model APIs that all customers share, so that a call there reaches only the vendor.
 * Vendors whose customers own subdomains (Azure, Hugging Face endpoints, Bedrock by region) are not in the list:
 * an environment's owner names the one subdomain.
 */
export const vendorHosts: readonly string[] = [
  'generativelanguage.googleapis.com',
  'api.openai.com',
  'integrate.api.nvidia.com',
  'inference-api.nvidia.com',
  'openrouter.ai',
  'api.mistral.ai',
  'api.x.ai',
  'api.groq.com',
  'api.together.ai',
  'api.together.xyz',
  'api.fireworks.ai',
  'api.deepinfra.com',
  'dashscope.aliyuncs.com',
  'dashscope-intl.aliyuncs.com',
  'dashscope-us.aliyuncs.com',
  'router.huggingface.co',
  'api.anthropic.com',
];

/** The hosts to which `GOOGLE_API_KEY` and `OPENAI_API_KEY` of a secret belong. */
export const googleHost = 'generativelanguage.googleapis.com';
export const openaiHost = 'api.openai.com';

/** The host of an http address in comparable form: lower case, without the default port. `undefined` for any other text. */
export function readHost(address: string): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const { protocol, host } = new URL(address);
  return (protocol === 'http:' || protocol === 'https:') && host !== '' ? host : undefined;
}

/** Whether a text is an exact host name in the form of `readHost`: no scheme, path, wildcard or default port. */
export const isHostName = (text: string) => !text.includes('*') && readHost(`https://${text}`) === text;

/**
 * Whether a host is reachable from inside one network only: a private address, `localhost`, a name without a domain,
 * or `*.internal`, `*.local`, `*.svc`.
 */
export function isPrivateHost(host: string): boolean {
  const { hostname } = new URL(`https://${host}`);
  const address = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  if (/^[\d.]+$/.test(address) || address.includes(':')) return !isPublicAddress(address);
  return !address.includes('.') || /\.(?:localhost|internal|local|svc)$/.test(address);
}
