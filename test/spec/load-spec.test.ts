// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is OmegaConf's own notation
import { describe, expect, test } from 'vitest';
import { UsageError } from '#core/errors.ts';
import { defaultSpec } from '#spec/default-spec.ts';
import { loadSpec, type SpecSource } from '#spec/load-spec.ts';

/** A spec as TAO users have it. */
const taoSpec = `
autolabel_type: "image_grounding"
results_dir: /results
gpu_ids: [0]
num_gpus: 1
batch_size: 4
mal: {dataset: {img_path: ???, ann_path: "\${nowhere}"}}
image_grounding:
  workflow:
    steps: ["0", "1"]
    max_workers: 8
    force_reprocess: false
    long_video_threshold_sec: 60
    long_video_sample_fps: 0.5
    long_video_max_frames: 60
  data:
    input_jsonl: /data/captions.jsonl
    image_root: ""
  vlm:
    backend: gemini
    gemini: {api_key: "", model: gemini-2.5-flash, media_resolution: MEDIA_RESOLUTION_LOW, temperature: 0.3, max_output_tokens: 8192, timeout: 120}
    openai: {api_key: file-key, base_url: "", model_name: "", temperature: 0.7, max_tokens: 4096, timeout: 60}
`;

const load = (text: string, overrides: string[] = [], rest: Partial<SpecSource> & { variables?: Record<string, string> } = {}) =>
  loadSpec({ file: { text, name: 'spec.yaml' }, overrides, env: (name) => rest.variables?.[name], ...rest });

const shorthand = (...overrides: string[]) =>
  loadSpec({ overrides: ['results_dir=r', 'data.input_jsonl=c.jsonl', ...overrides], env: () => undefined }).settings;

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('a TAO spec file', () => {
  test('works as it is', () => {
    const { settings, resultsDir } = load(taoSpec);

    expect(resultsDir).toBe('/results');
    expect(settings.workflow).toMatchObject({ steps: ['0', '1'], max_workers: 8 });
    expect(settings.vlm.gemini).toMatchObject({ model: 'gemini-2.5-flash', media_resolution: 'MEDIA_RESOLUTION_LOW', timeout: 120 });
    expect(settings.vlm.openai).toMatchObject({ temperature: 0.7, max_tokens: 4096 });
  });

  test('keys without effect are listed once, in one notice', () => {
    const { notices } = load(taoSpec);

    expect(notices).toEqual([
      'these keys of the spec have no effect and are ignored: gpu_ids, num_gpus, batch_size, ' +
        'image_grounding.workflow.long_video_threshold_sec, image_grounding.workflow.long_video_sample_fps, image_grounding.workflow.long_video_max_frames',
    ]);
  });

  test.each(['gemini-3.1-flash-lite-preview', 'gemini-2.0-flash'])('the retired id %s is replaced, with one notice', (model) => {
    const { settings, notices } = load(taoSpec, [`vlm.gemini.model=${model}`, `vlm.grounding.gemini.model=${model}`]);

    expect(settings.vlm.gemini.model).toBe('gemini-3.1-flash-lite');
    expect(settings.vlm.grounding.gemini?.model).toBe('gemini-3.1-flash-lite');
    expect(notices.filter((notice) => notice.includes(model))).toHaveLength(1);
  });

  test('an unused retired model causes no notice', () => {
    const { notices } = load(taoSpec, ['vlm.backend=openai', 'vlm.gemini.model=gemini-2.0-flash']);

    expect(notices.join()).not.toContain('gemini-2.0-flash');
  });

  test('with a null value has the default there', () => {
    const { settings } = load(taoSpec, ['workflow.max_workers=null']);

    expect(settings.workflow.max_workers).toBe(4);
  });
});

describe('overrides', () => {
  test.each([
    ['workflow.steps=["0"]', ['0']],
    ['workflow.steps=[0]', ['0']],
    ['workflow.steps=\'["0","1"]\'', ['0', '1']],
    ['workflow.steps=[0,1]', ['0', '1']],
    ['workflow.steps=[1, 0]', ['0', '1']],
    ['image_grounding.workflow.steps=["1"]', ['1']],
    ['+workflow.steps=["1"]', ['1']],
  ])('%s gives the steps %j', (override, steps) => {
    expect(shorthand(override).workflow.steps).toEqual(steps);
  });

  test.each([
    ['vlm.openai.model_name=123', '123'],
    ['vlm.openai.model_name=Qwen/Qwen3-VL-8B', 'Qwen/Qwen3-VL-8B'],
    ['vlm.openai.model_name="quoted: name"', 'quoted: name'],
    ['vlm.openai.model_name=', ''],
    ['vlm.openai.model_name=a=b', 'a=b'],
    ['vlm.openai.model_name=#1', '#1'],
  ])('%s is the text %j', (override, text) => {
    expect(shorthand(override).vlm.openai.model_name).toBe(text);
  });

  test('take maps as Hydra writes them', () => {
    expect(shorthand('vlm.openai.extra_body={top_k:1,url:"http://a:1"}').vlm.openai.extra_body).toEqual({ top_k: 1, url: 'http://a:1' });
  });

  test('reach a single header', () => {
    expect(shorthand('vlm.openai.default_headers.X-Team=a').vlm.openai.default_headers).toEqual({ 'X-Team': 'a' });
  });

  test('go before the spec, later ones before earlier ones', () => {
    expect(load(taoSpec, ['workflow.max_workers=2', 'workflow.max_workers=3']).settings.workflow.max_workers).toBe(3);
  });

  test('do not reach the prototype', () => {
    expect(messageOf(() => shorthand('vlm.__proto__.polluted=1'))).toContain('__proto__');
    expect({}).not.toHaveProperty('polluted');
  });
});

describe('interpolation', () => {
  const variables = { ROOT: '/mnt', WORKERS: '12' };

  test.each([
    ['${oc.env:ROOT}/img', '/mnt/img'],
    ['${oc.env:NONE,/fallback}', '/fallback'],
    ['${oc.env:NONE,"a, b"}', 'a, b'],
    ['${oc.env:NONE,${oc.env:ROOT}}', '/mnt'],
    ['${results_dir}/img', '/results/img'],
    ['${.input_jsonl}', '/data/captions.jsonl'],
    ['${..vlm.backend}', 'gemini'],
    ['\\${oc.env:ROOT}', '${oc.env:ROOT}'],
  ])('%s becomes %s', (written, resolved) => {
    expect(load(taoSpec, [`data.image_root=${written}`], { variables }).settings.data.image_root).toBe(resolved);
  });

  test('turns the text of a variable into the number that is wanted', () => {
    expect(load(taoSpec, ['workflow.max_workers=${oc.env:WORKERS}'], { variables }).settings.workflow.max_workers).toBe(12);
  });

  test('names the variable that is not set', () => {
    expect(messageOf(() => load(taoSpec, ['data.image_root=${oc.env:NONE}/x']))).toBe(
      'spec.yaml lacks image_grounding.data.image_root (environment variables that are not set: NONE): ' +
        'add image_grounding.data.image_root=… to the command, or set it in the spec',
    );
  });

  test('of an unset variable is no fault where the value is not used', () => {
    expect(load(taoSpec, ['vlm.openai.base_url=${oc.env:NONE}', 'vlm.gemini.api_key=${oc.env:NONE}']).settings.vlm.gemini.api_key).toBe('');
  });

  test.each([
    ['${nowhere.at.all}', 'refers to ${nowhere.at.all}, which the spec does not have'],
    ['${image_grounding.data.image_root}', 'refers to itself'],
    ['${oc.decode:x}', 'the resolver oc.decode, which is not supported'],
    ['${oc.env:ROOT', 'without its "}"'],
  ])('%s is refused: %s', (written, message) => {
    expect(messageOf(() => load(taoSpec, [`data.image_root=${written}`], { variables }))).toContain(message);
  });
});

describe('what is missing or wrong', () => {
  test.each([
    [
      'results_dir',
      taoSpec.replace('/results', '???'),
      'spec.yaml lacks results_dir: add results_dir=… to the command, or set it in the spec',
    ],
    ['the input', taoSpec.replace('/data/captions.jsonl', '???'), 'image_grounding.data.input_jsonl'],
    ['a model', taoSpec.replace('gemini-2.5-flash', '???'), 'image_grounding.vlm.gemini.model'],
  ])('%s is asked for by name', (_, text, message) => {
    expect(messageOf(() => load(text))).toContain(message);
  });

  test('the input is not needed for step 1 alone', () => {
    expect(load(taoSpec.replace('/data/captions.jsonl', '???'), ['workflow.steps=["1"]']).settings.data.input_jsonl).toBe('');
  });

  test.each([
    ['vlm.bakend=openai', 'image_grounding.vlm.bakend is not a setting; did you mean image_grounding.vlm.backend?'],
    ['vlm.openai.model=x', 'did you mean image_grounding.vlm.openai.model_name?'],
    ['image_grounding.max_workers=8', 'did you mean image_grounding.workflow.max_workers?'],
    ['reslts_dir=x', 'reslts_dir is not a setting; did you mean results_dir?'],
    ['vlm.colour=red', 'image_grounding.vlm.colour is not a setting; groundline default-specs lists them all'],
    ['workflow.max_workers=0', 'image_grounding.workflow.max_workers: got 0, expected an integer, 1 or more'],
    ['vlm.openai.temperature=3', 'image_grounding.vlm.openai.temperature: got 3, expected a number from 0 to 2'],
    ['vlm.gemini.timeout=0', 'image_grounding.vlm.gemini.timeout: got 0, expected a number above 0'],
    ['vlm.backend=claude', 'image_grounding.vlm.backend: got "claude", expected one of gemini, openai, builtin'],
    ['workflow.steps=[2]', 'image_grounding.workflow.steps.0: got "2", expected one of 0, 1'],
    ['workflow.steps=[]', 'image_grounding.workflow.steps: got a list, expected a list of at least 1, each one of 0, 1'],
    ['workflow.steps=1', 'image_grounding.workflow.steps: got 1, expected a list of at least 1, each one of 0, 1'],
    ['data=/x', 'image_grounding.data: got "/x", expected a section'],
    ['workflow.steps=["0"', 'cannot read the value given for image_grounding.workflow.steps'],
  ])('%s is refused: %s', (override, message) => {
    expect(messageOf(() => load(taoSpec, [override]))).toContain(message);
  });

  test('one error lists all faults', () => {
    expect(messageOf(() => load(taoSpec, ['workflow.max_workers=0', 'vlm.bakend=x']))).toMatch(
      /^the command line has 2 faults:\n {2}.*\n {2}/,
    );
  });

  test.each([
    ['workflow.max_worker=3', /^the command line: image_grounding\.workflow\.max_worker is not a setting; did you mean/],
    ['+image_grounding.workflow={max_worker:3}', /^the command line: image_grounding\.workflow\.max_worker is not/],
    ['vlm.foo.bar=3', /^the command line: image_grounding\.vlm\.foo is not a setting/],
    ['foo=3', /^the command line: foo is not a setting/],
    ['autolabel_type=mal', /^the command line has autolabel_type: mal;/],
  ])('%s is a fault of the command line, not of the file', (override, message) => {
    expect(messageOf(() => load(taoSpec, [override]))).toMatch(message);
  });

  test('faults of the file and of the command line are distinguished', () => {
    const text = taoSpec.replace('max_workers: 8', 'max_workers: 0');

    expect(messageOf(() => load(text, ['data.image_root=/x']))).toMatch(/^spec\.yaml: image_grounding\.workflow\.max_workers: got 0,/);
    expect(messageOf(() => load(text, ['vlm.bakend=x'], { overrider: 'the start input' }))).toMatch(
      /^there are 2 faults:\n {2}spec\.yaml: image_grounding\.workflow\.max_workers: got 0,.*\n {2}the start input: image_grounding\.vlm\.bakend /,
    );
  });

  test.each([
    ['workflow: {max_workers: 3}', 'workflow', 'image_grounding.workflow'],
    ['vlms: {}', 'vlms', 'image_grounding.vlm'],
    ['max_workers: 3', 'max_workers', 'image_grounding.workflow.max_workers'],
  ])('a flat spec with %s gets a suggestion', (line, key, place) => {
    expect(messageOf(() => load(`autolabel_type: image_grounding\n${line}`))).toBe(
      `spec.yaml: ${key} is not a setting; did you mean ${place}?`,
    );
  });

  test.each([
    ['autolabel_type: mal', 'has autolabel_type: mal; only image_grounding is supported'],
    ['results_dir: x', 'has no autolabel_type, which means mal in TAO'],
    ['- a list', 'is no spec file'],
    ['a: [1', 'spec.yaml is no valid YAML'],
    ['a: 1\na: 2', 'spec.yaml is no valid YAML'],
  ])('the file %j is refused: %s', (text, message) => {
    expect(messageOf(() => load(text))).toContain(message);
  });
});

describe('keys', () => {
  test('of the environment go before the one in the file, those of the command line before both', () => {
    const keys = { environmentKeys: { openai: 'from-env' } };

    expect(load(taoSpec).settings.vlm.openai.api_key).toBe('file-key');
    expect(load(taoSpec, [], keys).settings.vlm.openai.api_key).toBe('');
    expect(load(taoSpec, ['vlm.openai.api_key=typed'], keys).settings.vlm.openai.api_key).toBe('typed');
  });

  test.each(['vlm.openai.api_kye=sk-SECRET', 'vlm.openai.api_key=[sk-SECRET]', 'vlm.openai.api_key=[sk-SECRET'])(
    'never stand in a message about the override %s',
    (override) => {
      expect(messageOf(() => load(taoSpec, [override]))).not.toContain('SECRET');
    },
  );

  test('never stand in a message about a spec file that is no valid YAML', () => {
    expect(messageOf(() => load('image_grounding: {vlm: {openai: {api_key: [sk-SECRET}}}'))).not.toContain('SECRET');
  });
});

describe('the default spec', () => {
  test('loads once the two values that have to be given are given', () => {
    const { settings, notices } = load(defaultSpec(), ['results_dir=r', 'image_grounding.data.input_jsonl=c.jsonl']);

    expect(settings).toEqual(shorthand());
    expect(notices).toEqual([]);
  });

  test('asks for both of them otherwise', () => {
    expect(messageOf(() => load(defaultSpec()))).toContain('lacks image_grounding.data.input_jsonl, results_dir');
  });
});
