import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';

/**
 * The result of a write, or `undefined` if its condition did not hold. DynamoDB checks the condition and writes in one step,
 * so of several workers that write at once exactly one gets a result. Any other error is thrown.
 */
export async function writeIfConditionHolds<T>(write: Promise<T>): Promise<T | undefined> {
  try {
    return await write;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return undefined;
    throw error;
  }
}
