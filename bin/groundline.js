#!/usr/bin/env node
// Plain JavaScript, so that an old Node can run it and print the version that is needed.
const [major] = process.versions.node.split('.').map(Number);
if (major < 22) {
  console.error(
    `groundline: got Node ${process.versions.node}, expected 22 or newer; fix: install a newer Node. In a clone, "npx groundline" uses the right one.`,
  );
  process.exit(1);
}
const { existsSync } = await import('node:fs');
const bundle = new URL('../dist/groundline.js', import.meta.url);
const source = new URL('./groundline.ts', import.meta.url);
await import(existsSync(source) ? source.href : bundle.href);
