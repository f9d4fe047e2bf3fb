/** Options of every AWS client in a function: up to 8 attempts, because a retry is cheaper than a crash. */
export const clientOptions = { maxAttempts: 8, retryMode: 'standard' } as const;
