import { hash } from 'node:crypto';
import type { ImageFacts } from '#core/image-facts.ts';
import type { ImagePolicy } from '#core/model-profile.ts';
import type { ImageStat, ImageStore, SentImage } from '#core/ports.ts';
import { type ImageInfo, type ImageLimits, measureImage } from '#images/measure-image.ts';
import { prepareImage } from '#images/prepare-image.ts';

/** The image of one sample, for all of its steps: looked at once, read once, and only if need be. All of it throws `SampleError`. */
export interface SampleImage {
  /** `recorded` facts hold as long as the file looks as it did; then it is not read. */
  facts(options?: { readonly recorded?: ImageFacts | undefined; readonly signal?: AbortSignal }): Promise<ImageFacts>;
  /** The bytes as a model wants them. */
  sendable(policy: ImagePolicy, signal?: AbortSignal): Promise<SentImage>;
  /** Lets go of the bytes; they are read again when they are asked for. */
  release(): void;
}

interface Opened {
  readonly bytes: Uint8Array;
  readonly info: ImageInfo;
}

const never = new AbortController().signal;

/** Opens the image of a sample; nothing is read yet. */
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
    async facts({ recorded: stepRecord, signal = never } = {}) {
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
    async sendable(policy, signal = never) {
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

/** The store's own hash tells best; else a file that looks the same is the same. */
function isSame(recorded: ImageFacts, stat: ImageStat): boolean {
  if (stat.identity !== undefined && stat.identity === recorded.identity) return true;
  return stat.size === recorded.size && stat.stamp === recorded.stamp;
}
