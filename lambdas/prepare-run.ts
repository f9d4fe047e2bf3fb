export const handler = async (): Promise<object> => ({ status: 'ok' });
