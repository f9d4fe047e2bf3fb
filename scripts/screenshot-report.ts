import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import sharp from 'sharp';

/**
 * Takes a screenshot of a report for the README: `node scripts/screenshot-report.ts demo-results/report.html docs/report.png`.
 * `--pin 2` pins the second phrase of the first sample; `--dark` is the dark colour scheme. Needs Debian's `chromium` package or `--browser PATH`.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    browser: { type: 'string', default: '/usr/bin/chromium' },
    width: { type: 'string', default: '1440' },
    height: { type: 'string', default: '1000' },
    pin: { type: 'string' },
    dark: { type: 'boolean', default: false },
  },
});
const [report = 'demo-results/report.html', picture = 'docs/report.png'] = positionals;

const args =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';
const browser = await chromium.launch({ executablePath: values.browser, args: args.split(' ') });
try {
  const viewport = { width: Number(values.width), height: Number(values.height) };
  const page = await browser.newPage({ viewport, deviceScaleFactor: 2, colorScheme: values.dark ? 'dark' : 'light' });
  await page.goto(pathToFileURL(resolve(report)).href);
  await page.waitForSelector('body[data-ready]');
  if (values.pin !== undefined)
    await page
      .locator('article .phrase')
      .nth(Number(values.pin) - 1)
      .click();
  await page.mouse.move(2, 2);
  await page.locator(':focus').evaluateAll((focused) => focused.map((element) => (element as unknown as { blur(): void }).blur()));
  await page.evaluate('scrollTo(0, 0)');
  await mkdir(dirname(resolve(picture)), { recursive: true });
  await sharp(await page.screenshot())
    .png({ palette: true, effort: 10 })
    .toFile(picture);
} finally {
  await browser.close();
}
