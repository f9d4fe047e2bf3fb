#!/usr/bin/env node
// Plain JavaScript, so that an old Node can read it and say what is wrong.
const [major] = process.versions.node.split('.').map(Number);
if (major < 22) {
  console.error(
    `groundline needs Node 22 or newer; this is Node ${process.versions.node}. In a clone, "npx groundline" uses the right one.`,
  );
  process.exit(1);
}
const { existsSync } = await import('node:fs');
const bundle = new URL('../dist/groundline.js', import.meta.url);
const source = new URL('./groundline.ts', import.meta.url);
await import(existsSync(source) ? source.href : bundle.href);
