import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const executablePath = '/usr/bin/chromium';

/** Debian's Chromium, installed when this machine lets us; otherwise the suites that need it are skipped by name. */
export const hasChromium = existsSync(executablePath) || installed();

function installed(): boolean {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return false;
  try {
    execFileSync('apt-get', ['install', '-y', '-qq', 'chromium'], {
      stdio: 'ignore',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  } catch {
    return false;
  }
  return existsSync(executablePath);
}

export async function launchChromium(): Promise<Browser> {
  const args =
    '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';
  return await chromium.launch({ executablePath, args: [...args.split(' '), '--enable-precise-memory-info', '--js-flags=--expose-gc'] });
}

export interface OpenedReport {
  readonly page: Page;
  /** Addresses asked for beyond the report itself. */
  readonly requests: string[];
  /** Uncaught errors, and what the page's policy refused. */
  readonly complaints: string[];
}

/** Opens a report from disk, as a double click would, and waits until it is drawn. */
export async function openReport(browser: Browser, path: string, options: BrowserContextOptions = {}): Promise<OpenedReport> {
  const page = await browser.newPage({ viewport: { width: 1366, height: 900 }, ...options });
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith('data:') && url !== pathToFileURL(path).href) requests.push(url);
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('dialog', async (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    await dialog.dismiss();
  });
  await page.goto(pathToFileURL(path).href);
  await page.waitForSelector('body[data-ready]');
  return { page, requests, complaints };
}
