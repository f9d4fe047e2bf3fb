import { describe, expect, it } from 'vitest';
import type { CheckpointStore, StoredCheckpoint } from '#core/ports.ts';

const extraction: StoredCheckpoint = {
  sampleId: 'a-0123456789abcdef',
  step: 'step_0',
  fingerprint: 'f'.repeat(64),
  body: '{"caption":"a \\"red\\" 🚗","list":[1,2.5,null]}',
};

/** The contract of every `CheckpointStore`. `open` gives an empty store. */
export function describeCheckpointStore(name: string, open: () => Promise<CheckpointStore>): void {
  describe(`${name} as a checkpoint store`, () => {
    it('returns a body exactly as it was put', async () => {
      const store = await open();

      await store.put(extraction);

      expect(await store.get(extraction)).toBe(extraction.body);
    });

    it('returns undefined for a key that was never put', async () => {
      const store = await open();
      await store.put(extraction);

      expect(await store.get({ ...extraction, fingerprint: 'e'.repeat(64) })).toBeUndefined();
      expect(await store.get({ ...extraction, step: 'step_1' })).toBeUndefined();
      expect(await store.get({ ...extraction, sampleId: 'b-0123456789abcdef' })).toBeUndefined();
    });

    it('separates the steps of a sample', async () => {
      const store = await open();

      await store.put(extraction);
      await store.put({ ...extraction, step: 'step_1', body: '{"boxes":[]}' });

      expect(await store.get(extraction)).toBe(extraction.body);
      expect(await store.get({ ...extraction, step: 'step_1' })).toBe('{"boxes":[]}');
    });

    it('replaces the body of an equal key', async () => {
      const store = await open();
      await store.put(extraction);

      await store.put({ ...extraction, body: '{"second":true}' });

      expect(await store.get(extraction)).toBe('{"second":true}');
    });

    it('returns the latest checkpoint of a sample and step under any fingerprint', async () => {
      const store = await open();
      expect(await store.latest(extraction.sampleId, 'step_0')).toBeUndefined();

      await store.put(extraction);
      await new Promise((resolve) => setTimeout(resolve, 5));
      await store.put({ ...extraction, fingerprint: 'e'.repeat(64), body: '{"newer":1}' });

      expect(await store.latest(extraction.sampleId, 'step_0')).toEqual({
        ...extraction,
        fingerprint: 'e'.repeat(64),
        body: '{"newer":1}',
      });
    });

    it('accepts sample ids with a repeat mark and many concurrent puts', async () => {
      const store = await open();
      const ids = Array.from({ length: 120 }, (_, i) => `img_${i}-0123456789abcdef${i % 2 ? `~${i}` : ''}`);

      await Promise.all(ids.map((sampleId) => store.put({ ...extraction, sampleId, body: JSON.stringify({ sampleId }) })));
      const bodies = await Promise.all(ids.map((sampleId) => store.get({ ...extraction, sampleId })));

      expect(bodies).toEqual(ids.map((sampleId) => JSON.stringify({ sampleId })));
    });
  });
}
