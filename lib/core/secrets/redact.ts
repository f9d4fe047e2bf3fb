/** Shorter keys are ordinary words like `none` or `ollama`. */
const LEAST = 8;
/** The forms of known vendors' keys, complete or masked in the middle, and any text after `Bearer`. */
const KEYS =
  /\b(?:sk|nvapi|gsk|xai|key)-[\w*.-]{4,}|\b(?:gsk|hf)_[\w*]{8,}|\bAIza[\w*-]{4,}|(?<=\bBearer )(?!token\b|auth|scheme)[^\s"',}<]{4,}/g;

/**
 * A vendor's or library's text without the known secrets and without anything of a key's form.
 * Not for own messages, since file names may have such a form.
 */
export const redact = (text: string, secrets: readonly string[]) => replaceSecrets(text, secrets).replace(KEYS, '<key>');

/** A text without the known secrets, as they are and in JSON form; the rest is unchanged. */
export function replaceSecrets(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const secret of secrets) {
    if (secret.length < LEAST) continue;
    for (const form of [secret, JSON.stringify(secret).slice(1, -1)])
      if (clean.includes(form)) clean = clean.replaceAll(form, () => '<key>');
  }
  return clean;
}

/** The same error, its message, stack and causes without the known secrets. */
export function withoutSecretsInError(error: unknown, secrets: readonly string[]): unknown {
  if (!(error instanceof Error)) return typeof error === 'string' ? replaceSecrets(error, secrets) : error;
  for (const part of ['message', 'stack'] as const) {
    const text = error[part];
    const clean = text === undefined ? undefined : replaceSecrets(text, secrets);
    if (clean !== text) Object.defineProperty(error, part, { value: clean, configurable: true, writable: true });
  }
  if (error.cause !== undefined) error.cause = withoutSecretsInError(error.cause, secrets);
  return error;
}
