import { SampleError } from './errors.ts';

/**
 * The error for an existing checkpoint that cannot be read. Its sample fails instead of being sent to the model again:
 * its calls are billed already, so a repetition needs the user's decision.
 */
export function unreadableCheckpoint(location: string, got: string, cause?: unknown): SampleError {
  return new SampleError(
    'checkpoint_unreadable',
    `the checkpoint ${location} cannot be read: got ${got}, expected a checkpoint of this sample; fix: delete it and run again, which sends the sample to the model once more`,
    { cause },
  );
}
