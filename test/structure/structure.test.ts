import { describe, expect, it } from 'vitest';
import { filesPerFolder, namesUsedTwice, readSources } from '../../scripts/structure.ts';

const sources = readSources();

describe('the code under lib', () => {
  it('has at most 25 files in a folder', () => {
    expect([...filesPerFolder(sources)].filter(([, files]) => files > 25)).toEqual([]);
  });

  it('has no two files of one name, and no two exports of one name', () => {
    expect(namesUsedTwice(sources)).toEqual({ files: [], exports: [] });
  });
});
