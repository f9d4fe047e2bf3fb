import { pathToFileURL } from 'node:url';

/** As much of Lambda as a function sees: its module is loaded, its handler called once, the answer sent back with the memory it took. */
interface Invocation {
  readonly module: string;
  readonly event: unknown;
  readonly timeoutMs: number;
}

process.once('message', async ({ module, event, timeoutMs }: Invocation) => {
  const end = Date.now() + timeoutMs;
  try {
    const { handler } = (await import(pathToFileURL(module).href)) as { handler: (event: unknown, context: object) => Promise<unknown> };
    const answer = await handler(event, { getRemainingTimeInMillis: () => Math.max(0, end - Date.now()) });
    process.send?.({ answer, maxRssMb: process.resourceUsage().maxRSS / 1024 }, () => process.exit(0));
  } catch (error) {
    process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }, () => process.exit(1));
  }
});
