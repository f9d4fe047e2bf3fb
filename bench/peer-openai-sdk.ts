// The peer of `npm run bench`: reads an image, encodes it, asks the OpenAI SDK over an undici dispatcher. No parsing, no checkpoints, no results.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import OpenAI from 'openai';
import { Agent, fetch as undiciFetch } from 'undici';

const [dir = '', calls = '0', workers = '1', baseURL = ''] = process.argv.slice(2);
const client = new OpenAI({
  apiKey: 'none',
  baseURL,
  maxRetries: 0,
  fetch: undiciFetch as unknown as typeof fetch,
  fetchOptions: { dispatcher: new Agent({ connections: Number(workers) }) },
});
let next = 0;

async function work(): Promise<void> {
  while (next < Number(calls)) {
    const i = next++;
    const bytes = await readFile(join(dir, `${i % (Number(calls) / 2)}.jpg`));
    const url = `data:image/jpeg;base64,${bytes.toString('base64')}`;
    const prompt = i % 2 ? 'noun_chunk caption: "a red car near a tall tree."' : `1. "red car"\n2. "tall tree"\n`;
    await client.chat.completions.create({
      model: 'peer',
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image_url', image_url: { url } },
            { type: 'text', text: prompt },
          ],
        },
      ],
    });
  }
}
await Promise.all(Array.from({ length: Number(workers) }, work));
process.exit(0);
