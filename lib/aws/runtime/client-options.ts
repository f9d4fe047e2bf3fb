/** For every AWS client of a function: throttles are waited out, since a run has time and a crash costs calls. */
export const clientOptions = { maxAttempts: 8, retryMode: 'standard' } as const;
