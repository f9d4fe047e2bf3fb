/** The bound that evaluate and export are measured against: reads files of JSON lines and does nothing with them. */
import { createReadStream } from 'node:fs';

let members = 0;
for (const path of process.argv.slice(2)) {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 })) {
    const lines = (rest + decoder.decode(chunk as Buffer, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) members += Object.keys(JSON.parse(line) as object).length;
  }
}
console.log(members);
