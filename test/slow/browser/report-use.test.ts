import { rm } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { reportInFolder, scratchFolder } from '#test/report/report-in-folder.ts';
import { hasChromium, launchChromium, openReport } from './chromium.ts';
import { writeKnownResults } from './report-results.ts';

describe.skipIf(!hasChromium)('a reader of the report (needs /usr/bin/chromium)', () => {
  let browser: Browser;
  let folder: string;
  let page: Page;
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
  beforeEach(async () => {
    ({ page } = await openReport(browser, `${folder}/report.html`, { viewport: { width: 1366, height: 4000 } }));
  });
  afterEach(() => page.close());

  const card = (id: string) => page.locator(`article[aria-label="Sample ${id}"]`);
  const shownIds = () => page.locator('article h3').allTextContents();
  /** The boxes that stand out in a card, in image pixels. */
  const litBoxes = (id: string) =>
    card(id)
      .locator('.box.lit .edge')
      .evaluateAll((rects) => rects.map((rect) => ['x', 'y', 'width', 'height'].map((name) => Number(rect.getAttribute(name)))));

  it('sees the right box light up when the pointer is on a phrase', async () => {
    await card('nested').locator('.mark', { hasText: 'the car' }).hover();

    expect(await litBoxes('nested')).toEqual([[320, 200, 300, 200]]);
  });

  it('picks the inner of two nested phrases, beyond an emoji', async () => {
    await card('nested')
      .locator('.mark', { hasText: /^a red hat$/ })
      .hover();

    expect(await litBoxes('nested')).toEqual([[90, 50, 90, 70]]);
  });

  it('sees all of the outer phrase marked, the nested part included', async () => {
    await card('nested').locator('.phrase').nth(0).hover();

    expect((await card('nested').locator('.mark.lit').allTextContents()).join('')).toBe('A man in a red hat');
  });

  it('sees the phrase light up when the pointer is on a box, the smaller of two on top', async () => {
    const frame = await card('nested').locator('.boxes').boundingBox();
    if (!frame) throw new Error('the picture is not drawn');
    await page.mouse.move(frame.x + (frame.width * 140) / 640, frame.y + (frame.height * 100) / 440);

    expect(await card('nested').locator('.phrase.lit .text').allTextContents()).toEqual(['a red hat']);
  });

  it('draws a box over the pixels it names', async () => {
    const frame = await card('nested').locator('.frame img').boundingBox();
    const box = await card('nested').locator('.box[data-phrase="2"] .edge').boundingBox();
    if (!frame || !box) throw new Error('the picture is not drawn');

    const drawn = [box.x - frame.x, box.y - frame.y, box.width, box.height].map(
      (length, index) => length * (index % 2 ? 440 / frame.height : 640 / frame.width),
    );
    for (const [index, expected] of [320, 200, 300, 200].entries()) expect(Math.abs((drawn[index] ?? 0) - expected)).toBeLessThan(6);
  });

  it('lights the box of a phrase that has the focus, for a keyboard', async () => {
    await card('nested').locator('.phrase').nth(2).focus();

    expect(await litBoxes('nested')).toEqual([[320, 200, 300, 200]]);
  });

  it('sees no number outside the picture, however many phrases share a box, and the one of a lit phrase', async () => {
    const crowded = await scratchFolder();
    const words = Array.from({ length: 120 }, (_, index) => `thing${index + 1}`);
    const phrases = words.map((text) => ({ text: `${text},`, boxes: [[[300, 100, 620, 400], null]] as const }));
    await writeKnownResults(crowded, [{ id: 'many', path: 'img/a.jpg', caption: 'many', cleaned: `${words.join(', ')},`, phrases }]);
    const opened = await openReport(browser, await reportInFolder(crowded), { viewport: { width: 390, height: 900 } });
    const many = opened.page.locator('article').first();
    await opened.page.mouse.move(2, 2);

    const frame = await many.locator('.frame').boundingBox();
    const shown = await Promise.all((await many.locator('.badge:visible').all()).map((badge) => badge.boundingBox()));
    const lefts = shown.map((box) => box?.x ?? Number.NaN);
    expect(shown.length).toBeGreaterThan(2);
    expect(Math.min(...lefts)).toBeGreaterThanOrEqual(frame?.x ?? 0);
    expect(Math.max(...shown.map((box) => (box?.x ?? Number.NaN) + (box?.width ?? 0)))).toBeLessThanOrEqual(
      (frame?.x ?? 0) + (frame?.width ?? 0),
    );

    await many.locator('.phrase').nth(110).focus();
    expect(await many.locator('.badge.lit .badge-text').allInnerTexts()).toEqual(['thing111,']);
    await opened.page.close();
    await rm(crowded, { recursive: true });
  });

  it('keeps the picture in view while a long list of phrases is read', async () => {
    const long = await scratchFolder();
    const words = Array.from({ length: 99 }, (_, index) => `thing${index + 1}`);
    const phrases = words.map((text) => ({ text: `${text},`, boxes: [[[300, 100, 620, 400], 0.5]] as const }));
    await writeKnownResults(long, [{ id: 'many', path: 'img/a.jpg', caption: 'many', cleaned: `${words.join(', ')},`, phrases }]);
    const opened = await openReport(browser, await reportInFolder(long), { viewport: { width: 1366, height: 900 } });

    await opened.page.locator('article').first().locator('.phrase').nth(80).scrollIntoViewIfNeeded();
    await opened.page.waitForTimeout(200);
    const picture = await opened.page.locator('article').first().locator('.frame').boundingBox();
    const toolbar = await opened.page.locator('.toolbar').boundingBox();
    expect(picture?.y).toBeGreaterThanOrEqual((toolbar?.y ?? 0) + (toolbar?.height ?? 0));
    expect((picture?.y ?? 0) + (picture?.height ?? 0)).toBeLessThanOrEqual(900);
    await opened.page.close();
    await rm(long, { recursive: true });
  });

  it('keeps a clicked phrase lit until it is clicked again', async () => {
    const phrase = card('nested').locator('.phrase').nth(2);
    await phrase.click();
    await page.mouse.move(5, 5);
    await phrase.blur();
    expect(await litBoxes('nested')).toHaveLength(1);
    expect(await phrase.getAttribute('aria-pressed')).toBe('true');

    await phrase.click();
    await page.mouse.move(5, 5);
    await phrase.blur();
    expect(await litBoxes('nested')).toEqual([]);
  });

  it('reads why a phrase has no box', async () => {
    expect(await card('absent').locator('.phrase').nth(1).textContent()).toContain('answered as not visible');
    expect(await card('boxless').locator('.phrase').textContent()).toContain('its box was outside the picture');
  });

  it('reads the error of a failed sample and the head of the raw reply as text', async () => {
    expect(await card('failed-one').locator('.failure').textContent()).toContain('reply_unusable in step_1, 2 attempts');
    expect(await card('failed-one').locator('pre').textContent()).toBe('Sorry, I cannot <b>see</b> it');
  });

  it.each([
    ['failed', ['failed-one']],
    ['partial', ['unsure']],
    ['ok', ['nested', 'absent', 'crowd', 'boxless']],
  ])('filters by status %s', async (status, ids) => {
    await page.locator(`input[value="${status}"]`).check({ force: true });

    expect(await shownIds()).toEqual(ids);
  });

  it.each([
    ['No box', ['boxless']],
    ['Absent', ['absent']],
    ['Many boxes', ['crowd']],
  ])('filters by "%s"', async (name, ids) => {
    await page.getByRole('button', { name, exact: true }).click();

    expect(await shownIds()).toEqual(ids);
  });

  it('filters by a low score with the slider', async () => {
    await page.locator('input[type="range"]').fill('0.3');

    expect(await shownIds()).toEqual(['unsure']);
  });

  it('searches captions, phrases, files and errors at once', async () => {
    for (const [query, ids] of [
      ['unicorn', ['absent']],
      ['UNUSABLE', ['failed-one']],
      ['img/c.jpg', ['unsure', 'failed-one']],
      ['nowhere', []],
    ] as const) {
      await page.getByRole('searchbox').fill(query);
      expect(await shownIds(), query).toEqual(ids);
    }
    expect(await page.getByText('No sample matches.').isVisible()).toBe(true);
  });

  it('orders by lowest score', async () => {
    await page.getByLabel('Order').selectOption('score');

    expect((await shownIds()).slice(0, 3)).toEqual(['unsure', 'absent', 'nested']);
  });

  it('walks through samples, enlarges, pins and lets go with the keyboard alone', async () => {
    await page.keyboard.press('n');
    await page.keyboard.press('n');
    expect(await page.locator('article[aria-current]').getAttribute('aria-label')).toBe('Sample absent');
    await page.keyboard.press('p');
    await page.keyboard.press('z');
    const dialog = page.getByRole('dialog');
    expect(await dialog.locator('h3').textContent()).toBe('nested');
    await page.keyboard.press('3');
    expect(await dialog.locator('.badge.lit .badge-text').textContent()).toBe('the car .88');
    await page.keyboard.press('ArrowRight');
    expect(await dialog.locator('h3').textContent()).toBe('absent');
    await page.keyboard.press('Escape');
    expect(await dialog.isVisible()).toBe(false);
  });

  it('opens search with "/" and help with "?"', async () => {
    await page.keyboard.press('/');
    expect(await page.locator(':focus').getAttribute('aria-label')).toBe('Search');
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    expect(await page.getByRole('dialog', { name: 'Keyboard help' }).isVisible()).toBe(true);
  });

  it('goes from a failure code in the charts to its samples', async () => {
    await page.locator('.failure-row').click();

    expect(await shownIds()).toEqual(['failed-one']);
  });

  it('goes from the worst sample of an evaluation to its card with the reason', async () => {
    expect(await page.locator('.worst button').allTextContents()).toEqual(['IoU .05A cat', 'IoU .31the car']);
    await page.locator('.worst button').first().click();

    expect(await page.locator('article[aria-current]').getAttribute('aria-label')).toBe('Sample unsure');
    expect((await shownIds()).slice(0, 2)).toEqual(['unsure', 'nested']);
    expect(await card('unsure').locator('.verdict').textContent()).toBe('IoU .05 for “A cat”: the box is too large');
  });

  it('sees the true box next to the predicted one', async () => {
    const truth = await card('nested')
      .locator('.truth')
      .evaluateAll((rects) => rects.map((rect) => ['x', 'y', 'width', 'height'].map((name) => Number(rect.getAttribute(name)))));

    expect(truth).toEqual([[300, 180, 300, 200]]);
  });
});
