import { rm, stat } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reportInFolder, scratchFolder } from '#test/report/report-in-folder.ts';
import { writeSampleResults } from '#test/report/sample-results.ts';
import { hasChromium, launchChromium, openReport } from './chromium.ts';

/** Milliseconds that drawing a thousand pictures may take on a busy machine. */
const drawing = 300_000;

/** Longest and middle pause between two frames, in milliseconds, while the page scrolls 60 × 400 pixels. */
async function scrollPauses(page: Page): Promise<{ longest: number; middle: number; cards: number }> {
  return await page.evaluate(`new Promise((done) => {
    const pauses = []; let last = performance.now(); let cards = 0; let frames = 0;
    const frame = (now) => {
      pauses.push(now - last); last = now;
      cards = Math.max(cards, document.querySelectorAll('article').length);
      if (++frames > 60) { pauses.sort((a, b) => a - b); done({ longest: pauses.at(-1), middle: pauses[30], cards }); return; }
      scrollBy(0, 400); requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  })`);
}

describe.skipIf(!hasChromium)('a large report (needs /usr/bin/chromium)', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  it.each([
    [1_000, 1_000, 3_000],
    [10_000, 400, 6_000],
  ])('of %i samples opens and scrolls', { timeout: drawing }, async (samples, pictures, most) => {
    const folder = await scratchFolder();
    try {
      await writeSampleResults(folder, { samples, pictures, grain: true });
      const path = await reportInFolder(folder, { maxSamples: samples });
      const began = performance.now();
      const { page, requests, complaints } = await openReport(browser, path);
      const usable = performance.now() - began;
      const scrolling = await scrollPauses(page);
      const heap = await page.evaluate<number>('gc(), performance.memory.usedJSHeapSize');
      const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
      console.log(
        `${samples} samples: file ${megabytes((await stat(path)).size)}, usable after ${usable.toFixed(0)} ms, heap ${megabytes(heap)}, frames: middle ${scrolling.middle.toFixed(0)} ms, longest ${scrolling.longest.toFixed(0)} ms, at most ${scrolling.cards} cards in the page`,
      );

      expect(await page.locator('.result').textContent()).toBe(`${samples.toLocaleString('en')} samples`);
      expect(usable).toBeLessThan(most);
      expect(scrolling.cards).toBeLessThan(30);
      expect(scrolling.middle).toBeLessThan(50);
      expect([requests, complaints]).toEqual([[], []]);

      await page.keyboard.press('/');
      await page.keyboard.type(`scene-${samples - 1}`);
      expect(await page.locator('article h3').first().textContent()).toBe(`scene-${samples - 1}`);
      await page.close();
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('reaches the last sample of many by order and keeps the card it shows', async () => {
    const folder = await scratchFolder();
    try {
      await writeSampleResults(folder, { samples: 500 });
      const { page } = await openReport(browser, await reportInFolder(folder));
      await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)');
      await page.waitForTimeout(200);
      await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)');
      await page.waitForTimeout(200);

      expect((await page.locator('article').allTextContents()).at(-1)).toContain('scene-500');
      await page.close();
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
