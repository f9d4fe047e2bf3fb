import { createHash } from 'node:crypto';

/**
 * JSON for a `<script type="application/json">` element: without `<`, so that neither `</script>` nor `<!--` can end
 * the element, and without U+2028/U+2029. It parses to the same value.
 */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text for HTML, also between quotes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

function sourceHash(source: string): string {
  return `'sha256-${createHash('sha256').update(source).digest('base64')}'`;
}

/** A policy that allows exactly this script and style, and pictures from `imageSources`. */
export function contentSecurityPolicy(script: string, style: string, imageSources: readonly string[]): string {
  return [
    "default-src 'none'",
    `script-src ${sourceHash(script)}`,
    `style-src ${sourceHash(style)}`,
    `img-src ${['data:', ...imageSources].join(' ')}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}
