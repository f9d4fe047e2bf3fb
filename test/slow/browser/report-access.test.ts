import { rm } from 'node:fs/promises';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reportInFolder, scratchFolder } from '#test/report/report-in-folder.ts';
import { hasChromium, launchChromium, openReport } from './chromium.ts';
import { writeKnownResults } from './report-results.ts';

interface Finding {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** axe-core's findings of WCAG 2.1 A and AA, serious ones and worse. */
async function seriousFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<{ violations: Finding[] }>(
    "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] })",
  );
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  return serious.map(({ id, nodes }) => `${id}: ${nodes[0]?.html} ${nodes[0]?.failureSummary}`);
}

describe.skipIf(!hasChromium)('a report for everyone (needs /usr/bin/chromium)', () => {
  let browser: Browser;
  let folder: string;
  beforeAll(async () => {
    folder = await scratchFolder();
    await writeKnownResults(folder);
    await reportInFolder(folder);
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true });
  });

  it.each([
    ['light', 1366],
    ['dark', 1366],
    ['light', 390],
    ['dark', 390],
  ] as const)('has no serious accessibility finding, %s, %i pixels wide', async (colorScheme, width) => {
    const { page } = await openReport(browser, `${folder}/report.html`, { colorScheme, viewport: { width, height: 3000 } });

    expect(await seriousFindings(page)).toEqual([]);
    await page.keyboard.press('n');
    await page.keyboard.press('z');
    expect(await seriousFindings(page)).toEqual([]);
    await page.close();
  });

  it.each([320, 390, 768])('needs no sideways scrolling at %i pixels', async (width) => {
    const { page } = await openReport(browser, `${folder}/report.html`, { viewport: { width, height: 3000 }, hasTouch: true });

    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    const table = page.locator('.evaluation .table');
    expect(await table.evaluate((region) => region.scrollWidth - region.clientWidth)).toBe(0);
    const widths = await page.locator('article .frame').evaluateAll((frames) => frames.map((frame) => frame.getBoundingClientRect().width));
    expect(Math.min(...widths)).toBeGreaterThan(width / 3);
    await page.close();
  });

  it('prints every sample, in the flow of the page, without controls', async () => {
    const { page } = await openReport(browser, `${folder}/report.html`, { viewport: { width: 1000, height: 500 } });
    await page.emulateMedia({ media: 'print' });
    await page.waitForSelector('.feed.printing');

    expect(await page.locator('article').count()).toBe(6);
    expect(await page.locator('.toolbar').isVisible()).toBe(false);
    const tops = await page.locator('article').evaluateAll((cards) => cards.map((card) => card.getBoundingClientRect().top));
    expect(tops).toEqual(tops.toSorted((a, b) => a - b));
    expect((await page.pdf()).subarray(0, 5).toString()).toBe('%PDF-');

    await page.emulateMedia({ media: 'screen' });
    await page.waitForSelector('.feed:not(.printing)');
    expect(await page.locator('.toolbar').isVisible()).toBe(true);
    await page.close();
  });
});
