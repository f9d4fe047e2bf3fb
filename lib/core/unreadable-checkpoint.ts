import { SampleError } from './errors.ts';

/** A checkpoint is there and cannot be read. Its sample fails: its calls were billed once, so they are not made again without the user's decision. */
export function unreadableCheckpoint(location: string, got: string, cause?: unknown): SampleError {
  return new SampleError(
    'checkpoint_unreadable',
    `the checkpoint ${location} cannot be read: got ${got}, expected a checkpoint of this sample; fix: delete it and run again, which sends the sample to the model once more`,
    { cause },
  );
}
