import { describe, expect, it } from 'vitest';
import { storedBox, storedSize } from '#export/frame.ts';
import { drawTurned, findRed } from './turned-image.ts';

const size = { width: 96, height: 64 };
const box: [number, number, number, number] = [8, 16, 40, 24];

describe('the stored frame', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('has the pixels where a file of orientation %i keeps them', async (orientation) => {
    const file = await drawTurned(size, box, orientation);

    expect(await findRed(file, 'upright')).toEqual({ box, ...size });
    expect(await findRed(file, 'stored')).toEqual({ box: storedBox(box, size, orientation), ...storedSize(size, orientation) });
  });
});
