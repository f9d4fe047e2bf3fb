import { isRemoteAddress } from '../hosts/remote-address.ts';

/** Whether a key of a spec holds a secret. */
export const isSecret = (name: string) => /key|token(?!s)|secret|passw|auth|cookie|credential|^(?:bearer|jwt)$/i.test(name);

/** Sections of an `extra_body` whose texts and numbers are all secrets. Exact names: an `author` in a JSON schema is not a secret. */
const SECRET_SECTION =
  /^(?:auth|authorization|credentials?|secrets?|passwords?|(?:api|access)[-_]?keys?|(?:api|access|auth|bearer)[-_]?tokens?)$/i;

/** Headers that authenticate by convention. The list is longer than for bodies, where `session` or `code` may be a model parameter. */
const SECRET_HEADER =
  /key|token|secret|pass|auth|cookie|credential|session|signature|bearer|ticket|jwt|(?:^|[-_])(?:pat|sig|sid|pwd|code|otp)$/i;
const NAMED_HEADERS = /^openai-(?:organization|project)$/i;
const SECRET_PARAMETER = /^(?:sig|code$|pat$|jwt$)/i;

/** Values that are credentials under any name: of a known form, or long and random. */
const CREDENTIAL =
  /^(?:bearer|basic)\s|\b(?:sk|nvapi|gsk|xai)-\w{8}|\b(?:gsk|hf)_\w{8}|\bAIza\w{8}|\beyJ[\w-]+\.eyJ|^(?=.*\d)(?=.*[a-z])[\w+/=.~-]{24,}$/i;

/** Settings, or a part of them, for `run.json`, logs and messages: without keys, secret headers and credentials in addresses. */
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
      return key === 'api_key' ? [[key, '']] : []; // an empty key is read from the environment
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

/** An address without its credentials (`https://name:password@host/?key=…`); other text is unchanged. */
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
