import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const text = readFileSync('CONTRIBUTING.md', 'utf8');
const quoted = [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
const paths = quoted.filter((code) => /^(?:lib|test|scripts|bin|lambdas|\.ci)\/[\w./-]*$/.test(code));
const named = [...text.matchAll(/((?:`\w+`(?: and |, )?)+) in `([\w./-]+\.ts)`/g)].flatMap(([, names = '', path = '']) =>
  [...names.matchAll(/`(\w+)`/g)].map(([, name = '']) => ({ name, path })),
);

it.each([...new Set(paths)])('CONTRIBUTING names a path that exists: %s', (path) => {
  expect(existsSync(path)).toBe(true);
});

it.each(named)('CONTRIBUTING names a definition that exists: $name in $path', ({ name, path }) => {
  expect(readFileSync(path, 'utf8')).toMatch(
    new RegExp(String.raw`^\s*(?:export )?(?:async )?(?:function|const|type|interface|class) ${name}\b|^\s+${name}\(`, 'm'),
  );
});

it('CONTRIBUTING has a paragraph for every room', () => {
  const rooms = Object.keys(JSON.parse(readFileSync('package.json', 'utf8')).imports)
    .map((name) => name.slice(1, -2))
    .filter((room) => room !== 'test');

  for (const room of rooms) expect(text).toContain(`**\`lib/${room}\`**`);
});
