import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { followUpCommand } from '#cli/local/pilot.ts';
import { startStandIn } from '#test/models/stand-in.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';
import { groundline, readJson, readLines, writeSamples } from '../command-line.ts';

test('a pilot processes ten samples, estimates the full run and prints its command', {
  timeout: 60_000,
}, async () => {
  const folder = tempFolder();
  writeSamples(folder, 40);
  const server = await startStandIn({ models: ['gpt-4.1-mini'], latencyMs: 20 });
  onTestFinished(() => server.close());
  const args = ['generate', 'captions.jsonl', '--out', 'results', ...server.overrides, 'vlm.coordinates=qwen3-vl'];

  const pilot = await groundline([...args, '--pilot'], { cwd: folder });
  const [, command = ''] = /\n {2}groundline (.*)\n$/.exec(pilot.stdout) ?? [];

  expect(pilot.stdout).toContain('pilot of 10 samples: 2.0 phrases per image, 0 % without any box\n');
  expect(pilot.stdout).toMatch(/all 40 lines: about \$0\.027, about \d+ s\n/);
  expect(pilot.stdout).toContain('to process the remaining 30 lines (calls of the pilot are not billed again):');
  expect(command).not.toContain('--pilot');
  expect(command).toContain('vlm.openai.api_key=…');
  expect(readLines(folder, 'results', 'annotations.jsonl')).toHaveLength(10);

  const { code } = await groundline(args, { cwd: folder });

  expect(code).toBe(0);
  expect(server.calls).toHaveLength(80);
  expect(readJson(join(folder, 'results'), 'run.json')).toMatchObject({ counts: { done: 40, cached: 10 } });
});

test('a dry run checks and estimates without a call or a file', { timeout: 60_000 }, async () => {
  const folder = tempFolder();
  writeSamples(folder, 3);
  const server = await startStandIn({ models: ['gpt-4.1-mini'] });
  onTestFinished(() => server.close());

  const end = await groundline(['generate', 'captions.jsonl', '--out', 'results', ...server.overrides, '--dry-run'], { cwd: folder });

  expect(end).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^3 samples\nextraction: gpt-4\.1-mini\ngrounding: gpt-4\.1-mini\ncalls +6 /),
  });
  expect(server.calls).toHaveLength(0);
  expect(() => readLines(folder, 'results', 'annotations.jsonl')).toThrow(/ENOENT/);
});

test.each([
  ['--limit', '3'],
  ['--limit=3'],
  ['--sample', '5'],
  ['--sample=5'],
  ['workflow.limit=3'],
  ['++image_grounding.workflow.sample=5'],
])('the command for all lines leaves out %s %s of the pilot', (...own) => {
  const args = ['generate', 'captions.jsonl', ...own, '--seed', '3', '--pilot', '--out', 'my results', 'workflow.limits=1'];

  expect(followUpCommand(args)).toBe("groundline generate captions.jsonl --seed 3 --out 'my results' workflow.limits=1");
});
