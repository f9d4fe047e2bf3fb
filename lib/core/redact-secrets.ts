import { isRemoteAddress } from './remote-address.ts';

/** Whether a key of a spec holds something that must not be shown. */
export const isSecret = (name: string) => /key|token(?!s)|secret|passw|auth|cookie|credential|^(?:bearer|jwt)$/i.test(name);

/** Sections of an `extra_body` below which every text and number is a secret. Exact names: an `author` of a JSON schema is none. */
const SECRET_SECTION =
  /^(?:auth|authorization|credentials?|secrets?|passwords?|(?:api|access)[-_]?keys?|(?:api|access|auth|bearer)[-_]?tokens?)$/i;

/** Headers that authenticate by convention. More names than in a body, where `session` or `code` may be a parameter of the model. */
const SECRET_HEADER =
  /key|token|secret|pass|auth|cookie|credential|session|signature|bearer|ticket|jwt|(?:^|[-_])(?:pat|sig|sid|pwd|code|otp)$/i;
const NAMED_HEADERS = /^openai-(?:organization|project)$/i;
const SECRET_PARAMETER = /^(?:sig|code$|pat$|jwt$)/i;

/** Values that are a credential whatever they are called: of a known form, or long and random. */
const CREDENTIAL =
  /^(?:bearer|basic)\s|\b(?:sk|nvapi|gsk|xai)-\w{8}|\b(?:gsk|hf)_\w{8}|\bAIza\w{8}|\beyJ[\w-]+\.eyJ|^(?=.*\d)(?=.*[a-z])[\w+/=.~-]{24,}$/i;

/** Settings, or a part of them, as they may be written to `run.json`, logs and messages: keys, secret headers and credentials in addresses are left out. */
export function withoutSecrets<T>(settings: T): T {
  return strip(settings) as T;
}

function strip(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(strip);
  if (typeof value === 'string') return withoutCredentials(value);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => {
      if (key === 'default_headers') return [[key, withoutSecretHeaders(item)]];
      if (!holdsSecret(key, item)) return [[key, strip(item)]];
      return key === 'api_key' ? [[key, '']] : []; // an empty key is looked for in the environment
    }),
  );
}

function holdsSecret(name: string, value: unknown): boolean {
  if (typeof value === 'string') return isSecret(name);
  if (typeof value === 'number') return /passw/i.test(name);
  return SECRET_SECTION.test(name) && hasText(value);
}

const hasText = (value: unknown): boolean =>
  typeof value === 'string' ||
  typeof value === 'number' ||
  (typeof value === 'object' && value !== null && Object.values(value).some(hasText));

function withoutSecretHeaders(headers: unknown): unknown {
  if (typeof headers !== 'object' || headers === null) return headers;
  return Object.fromEntries(Object.entries(headers).filter(([name, value]) => !isSecretHeader(name, String(value))));
}

/** Whether a header holds a credential, by its name or by its value. */
const isSecretHeader = (name: string, value: string) => SECRET_HEADER.test(name) || (CREDENTIAL.test(value) && !NAMED_HEADERS.test(name));

/** `https://name:password@host/?key=…` without what is secret in it; other text as it is. */
function withoutCredentials(text: string): string {
  if (!isRemoteAddress(text) || !URL.canParse(text)) return text;
  const url = new URL(text);
  const secrets = [...url.searchParams.keys()].filter((name) => isSecret(name) || SECRET_PARAMETER.test(name));
  if (!url.username && !url.password && secrets.length === 0) return text;
  url.username = '';
  url.password = '';
  for (const name of secrets) url.searchParams.delete(name);
  return url.href;
}
