import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { buildReportClient } from '../../scripts/build-report-client.ts';

const checkedIn = await readFile(new URL('../../lib/report/client-assets.json', import.meta.url), 'utf8');

describe("the report's client", () => {
  it('is checked in as its sources build it ("npm run build:report")', async () => {
    expect(checkedIn === (await buildReportClient())).toBe(true);
  });

  it('never writes markup: all content is text nodes and attributes', () => {
    expect(checkedIn).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(/);
  });

  it('holds no end tag that would close its element', () => {
    const { script, style } = JSON.parse(checkedIn) as { script: string; style: string };

    expect(script + style).not.toContain('</');
  });

  it('is a small part of 300 KB', () => {
    expect(checkedIn.length).toBeLessThan(100_000);
  });
});
