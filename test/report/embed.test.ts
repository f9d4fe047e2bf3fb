import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contentSecurityPolicy, escapeHtml, scriptJson } from '#report/embed.ts';

describe('JSON inside a script element', () => {
  it('parses to the same value, whatever the text', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => JSON.stringify(JSON.parse(scriptJson(value))) === JSON.stringify(value)));
  });

  it('holds nothing that ends the element, opens a comment or breaks a line', () => {
    const json = scriptJson(['</script><script>', '<!--', '-->', ']]>', '\u2028', '\u2029']);

    expect(json).not.toMatch(/[<>\u2028\u2029]/);
  });
});

describe('text inside HTML', () => {
  it('is escaped for elements and for attributes in either quotes', () => {
    expect(escapeHtml(`<a href="x" title='y'>&`)).toBe('&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;');
  });
});

describe('the content security policy', () => {
  it('lets nothing load but inlined pictures', () => {
    const policy = contentSecurityPolicy('a', 'b', []);

    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain('img-src data:;');
    expect(policy).not.toContain('unsafe');
  });

  it('names the hash of the very script', () => {
    // printf %s 'a' | openssl dgst -sha256 -binary | base64
    expect(contentSecurityPolicy('a', 'b', [])).toContain("script-src 'sha256-ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs='");
  });
});
