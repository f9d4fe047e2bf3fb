import { defineConfig } from 'vitest/config';

/** Suites that need a browser, a server or minutes. Each has its own script: `npm run`. */
export default defineConfig({
  test: { include: ['test/slow/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 300_000, fileParallelism: false },
});
