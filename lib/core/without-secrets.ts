/** Whether a key of a spec or the name of a header holds something that must not be shown. */
export const isSecret = (name: string) => /key|token(?!s)|secret|passw|auth|cookie|credential/i.test(name);

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
      if (typeof item !== 'string' || !isSecret(key)) return [[key, strip(item)]];
      return key === 'api_key' ? [[key, '']] : []; // an empty key is looked for in the environment
    }),
  );
}

/** `https://name:password@host/?key=…` without what is secret in it; other text as it is. */
function withoutCredentials(text: string): string {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text) || !URL.canParse(text)) return text;
  const url = new URL(text);
  const secrets = [...url.searchParams.keys()].filter((name) => isSecret(name) || /^sig/i.test(name));
  if (!url.username && !url.password && secrets.length === 0) return text;
  url.username = '';
  url.password = '';
  for (const name of secrets) url.searchParams.delete(name);
  return url.href;
}
