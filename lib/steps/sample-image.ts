import { hash } from 'node:crypto';
import type { ImageFacts } from '#core/image-facts.ts';
import type { ImagePolicy } from '#core/model-profile.ts';
import type { ImageStat, ImageStore, SentImage } from '#core/ports.ts';
import { type ImageInfo, type ImageLimits, measureImage } from '#images/measure-image.ts';
import { prepareImage } from '#images/prepare-image.ts';

/** The image of one sample, shared by its steps. It is read at most once, and only when needed. All members throw `SampleError`. */
export interface SampleImage {
  /** Measures the image. `recorded` facts are reused without a read while the file has the same size and stamp. */
  facts(options?: { readonly recorded?: ImageFacts | undefined; readonly signal?: AbortSignal | undefined }): Promise<ImageFacts>;
  /** The bytes in the format and size that a model accepts. */
  sendable(policy: ImagePolicy, signal?: AbortSignal): Promise<SentImage>;
  /** Releases the bytes; a later use reads them again. */
  release(): void;
}

interface Opened {
  readonly bytes: Uint8Array;
  readonly info: ImageInfo;
}

const neverAborted = new AbortController().signal;

/** Opens the image of a sample without reading it. `recorded`: facts that an earlier step measured. */
export function openSampleImage(images: ImageStore, imagePath: string, limits: ImageLimits, recorded?: ImageFacts): SampleImage {
  let stat: ImageStat | undefined;
  let facts: ImageFacts | undefined;
  let opened: Opened | undefined;
  let sent: { readonly policy: ImagePolicy; readonly image: SentImage } | undefined;

  const open = async (signal: AbortSignal): Promise<Opened> => {
    if (opened) return opened;
    const bytes = await images.read(imagePath, signal);
    opened = { bytes, info: measureImage(bytes, limits) };
    return opened;
  };

  return {
    async facts({ recorded: stepRecord, signal = neverAborted } = {}) {
      if (facts) return facts;
      stat ??= await images.stat(imagePath, signal);
      const known = [stepRecord, recorded].find((one) => one && isSame(one, stat as ImageStat));
      const { size, stamp, identity } = stat;
      if (known) facts = { ...known, size, stamp };
      else {
        const { bytes, info } = await open(signal);
        const { width, height, orientation } = info;
        facts = { identity: identity ?? hash('sha256', bytes), size, stamp, width, height, orientation };
      }
      return facts;
    },
    async sendable(policy, signal = neverAborted) {
      if (sent?.policy !== policy) {
        const { bytes, info } = await open(signal);
        sent = { policy, image: await prepareImage(bytes, info, policy, signal) };
      }
      return sent.image;
    },
    release() {
      opened = undefined;
      sent = undefined;
    },
  };
}

/** Compares by the store's own hash where it has one, else by size and stamp. */
function isSame(recorded: ImageFacts, stat: ImageStat): boolean {
  if (stat.identity !== undefined && stat.identity === recorded.identity) return true;
  return stat.size === recorded.size && stat.stamp === recorded.stamp;
}
