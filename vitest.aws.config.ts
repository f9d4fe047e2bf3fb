import { defineConfig } from 'vitest/config';

/** The deployed pipeline, end to end on an emulator of AWS: one environment for all suites, which have datasets of their own. */
export default defineConfig({
  test: {
    include: ['test/e2e-aws/**/*.test.ts'],
    globalSetup: ['test/e2e-aws/deployed-environment.ts'],
    testTimeout: 900_000,
    hookTimeout: 900_000,
    // One suite at a time: emulated functions have no machines of their own.
    fileParallelism: false,
  },
});
