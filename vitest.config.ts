import { defineConfig } from 'vitest/config';

/** Least covered share of a room, in percent. */
const room = (lines: number, branches: number) => ({ lines, branches });

/** The tests that block a merge. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/slow/**', 'test/e2e-aws/**'],
    testTimeout: 30_000,
    // Tests wait for child processes and servers more than they compute: a file for each processor, none left for the runner.
    maxWorkers: '100%',
    coverage: {
      provider: 'v8',
      include: ['lib/**/*.ts'],
      reporter: ['text-summary', 'json-summary'],
      reportOnFailure: true,
      thresholds: {
        'lib/core/**': room(95, 88),
        'lib/steps/**': room(95, 88),
        'lib/models/**': room(95, 88),
        'lib/input/**': room(95, 88),
        'lib/output/**': room(95, 88),
        'lib/pipeline/**': room(95, 88),
        'lib/local/**': room(95, 88),
        'lib/aws/**': room(95, 88),
        'lib/cli/**': { lines: 85 },
      },
    },
  },
});
