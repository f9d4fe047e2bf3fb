import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { look } from '#test/right-pixels/look.ts';
import { drawPicture } from '#test/right-pixels/pictures.ts';

describe.skipIf(!existsSync('node_modules/@img/sharp-wasm32'))('without a native image library', () => {
  test.each(['jpeg', 'png', 'webp', 'avif'] as const)('a %s is turned upright all the same', async (format) => {
    const input = await drawPicture({
      width: 120,
      height: 80,
      rectangles: [{ colour: 'red', box: [10, 5, 50, 30] }],
      orientation: 7,
      format,
    });

    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', './test/images/hide-native-sharp.ts', 'test/images/prepare-in-webassembly.ts'],
      { input, maxBuffer: 1e8 },
    );

    expect(stderr.toString()).toBe('');
    expect((await look(stdout)).rectangles).toEqual([
      { colour: 'red', box: [10, 5, 50, 30].map((corner) => expect.closeTo(corner, -0.5)) },
    ]);
  });
});
