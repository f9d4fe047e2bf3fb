import { rm } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reportInFolder, scratchFolder } from '#test/report/report-in-folder.ts';
import { hasChromium, launchChromium, type OpenedReport, openReport } from './chromium.ts';
import { type KnownSample, writeKnownResults } from './report-results.ts';

const attack = `</script><script>alert(1)</script><img src=x onerror=alert(2)><!-- "quoted" 'quoted' \u2028 \u2029 &amp;`;
const rightToLeft = 'رجل يرتدي قبعة حمراء بجانب \u202Eسيارة\u202C';
const emoji = '👩‍👩‍👧 hold 🇯🇵 flags, family of 𝒻our';

const hostile: readonly KnownSample[] = [
  {
    id: attack,
    path: `img/"><img src=x onerror=alert(3)>.jpg`,
    caption: attack,
    cleaned: `A cat ${attack}`,
    phrases: [{ text: 'A cat', boxes: [[[10, 10, 90, 90], 0.9]], note: attack }],
  },
  {
    id: 'rtl',
    path: 'img/صورة #1 %41?.jpg',
    caption: rightToLeft,
    cleaned: rightToLeft,
    phrases: [{ text: 'قبعة حمراء', boxes: [[[10, 10, 90, 90], 0.9]] }],
  },
  {
    id: 'emoji',
    path: 'img/🐈.jpg',
    caption: emoji,
    cleaned: emoji,
    phrases: [
      { text: '🇯🇵 flags', boxes: [[[10, 10, 90, 90], 0.9]] },
      { text: '𝒻our', boxes: [[[90, 10, 190, 90], 0.9]] },
    ],
  },
];
const hostileFailure = {
  image_path: 'javascript:alert(4)',
  caption: attack,
  _groundline: { line: 4, image_base: '.', step: 'step_0', code: attack, message: attack, attempts: 1, reply_head: attack },
};

describe.skipIf(!hasChromium)('a report of hostile results (needs /usr/bin/chromium)', () => {
  let browser: Browser;
  let folder: string;
  let opened: OpenedReport;
  beforeAll(async () => {
    folder = await scratchFolder();
    await writeKnownResults(folder, hostile, [hostileFailure]);
    await reportInFolder(folder);
    browser = await launchChromium();
    opened = await openReport(browser, `${folder}/report.html`, { viewport: { width: 1366, height: 4000 } });
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true });
  });

  it('runs nothing, and its own policy refuses nothing', async () => {
    await opened.page.keyboard.press('n');
    await opened.page.keyboard.press('z');
    await opened.page.waitForTimeout(300);
    await opened.page.keyboard.press('Escape');

    expect(opened.complaints).toEqual([]);
  });

  it('asks the network for nothing', () => {
    expect(opened.requests.filter((url) => !url.startsWith('file:'))).toEqual([]);
  });

  it('shows markup as the text it is', async () => {
    const card = opened.page.locator('article').nth(0);

    expect(await card.locator('.caption').textContent()).toBe(`A cat ${attack}`);
    expect(await opened.page.locator('article img[src="x"]').count()).toBe(0);
  });

  it('keeps right-to-left captions and their marks intact', async () => {
    const card = opened.page.locator('article', { hasText: 'قبعة' });

    expect(await card.locator('.mark').allTextContents()).toEqual(['قبعة حمراء']);
    expect(await card.locator('.caption:dir(rtl)').count()).toBe(1);
  });

  it('marks by code points, so that emoji shift nothing', async () => {
    const card = opened.page.locator('article[aria-label="Sample emoji"]');

    expect(await card.locator('.mark').allTextContents()).toEqual(['🇯🇵 flags', '𝒻our']);
  });

  it('links pictures of any file name relative to itself', async () => {
    const links = await opened.page
      .locator('article .facts a')
      .evaluateAll((anchors) => anchors.map((anchor) => anchor.getAttribute('href')));

    expect(links.every((href) => href?.startsWith('./'))).toBe(true);
    expect(links[1]).toBe(`./img/${encodeURIComponent('صورة #1 %41?.jpg')}`);
  });
});

describe.skipIf(!hasChromium)('a report whose pictures are beyond the size budget (needs /usr/bin/chromium)', () => {
  it('shows them from the folder next to it', async () => {
    const folder = await scratchFolder();
    await writeKnownResults(folder, [...hostile]);
    const browser = await launchChromium();
    try {
      const { page, complaints } = await openReport(browser, await reportInFolder(folder, { pictureBudget: 0 }), {
        viewport: { width: 1366, height: 4000 },
      });
      await page.waitForFunction('[...document.images].every((image) => image.complete)');

      const widths = await page
        .locator('article img')
        .evaluateAll((images) => images.map((image) => (image as unknown as { naturalWidth: number }).naturalWidth));
      expect(widths).toEqual([640, 640, 640, 640]);
      expect(complaints).toEqual([]);
    } finally {
      await browser.close();
      await rm(folder, { recursive: true });
    }
  });
});
