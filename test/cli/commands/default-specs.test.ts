import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadSpec } from '#spec/load-spec.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';
import { groundline } from '../command-line.ts';

test('the printed spec loads with every default unchanged', async () => {
  const { stdout } = await groundline(['default-specs'], { cwd: tempFolder() });

  const given = ['results_dir=out', 'data.input_jsonl=captions.jsonl'];
  const loaded = loadSpec({ file: { text: stdout, name: 'printed' }, overrides: given, env: () => undefined });
  const plain = loadSpec({ overrides: given, env: () => undefined });
  expect(loaded).toEqual(plain);
});

test('the command of TAO writes experiment.yaml and overwrites none', async () => {
  const folder = tempFolder();
  const first = await groundline(['default_specs', `results_dir=${folder}/specs`, 'module_name=auto_label'], { cwd: folder });
  const second = await groundline(['default_specs', `results_dir=${folder}/specs`, 'module_name=auto_label'], { cwd: folder });

  expect(first.stdout.trim()).toBe(join(folder, 'specs', 'experiment.yaml'));
  expect(readFileSync(first.stdout.trim(), 'utf8')).toContain('autolabel_type: image_grounding');
  expect(second).toMatchObject({ code: 1, stderr: expect.stringContaining('exists already; fix: replace it with --force') });
});

test('a folder that cannot be created is named', async () => {
  const { code, stderr } = await groundline(['default-specs', 'results_dir=/proc/no/such'], { cwd: tempFolder() });

  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('cannot write /proc/no/such/experiment.yaml (ENOENT)') });
});

test.each(['report', 'export', 'import', 'evaluate'])('groundline %s --help shows examples', async (verb) => {
  const { code, stdout } = await groundline([verb, '--help'], { cwd: tempFolder() });

  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`Examples?:\\n  .*groundline ${verb} `));
  expect(stdout).not.toContain('(default: [])');
});

test('an unknown verb is answered with the nearest one', async () => {
  const { code, stderr } = await groundline(['generat'], { cwd: tempFolder() });

  expect(code).toBe(1);
  expect(stderr).toContain('Did you mean generate?');
});

test('a mistyped setting is answered with the nearest one', async () => {
  const args = ['generate', 'captions.jsonl', '--out', 'out', 'workflow.max_worker=3'];
  const { code, stderr } = await groundline(args, { cwd: tempFolder() });

  expect(code).toBe(1);
  expect(stderr).toContain('did you mean');
  expect(stderr).toContain('max_workers');
  expect(stderr).not.toMatch(/^ {4}at /m);
});
