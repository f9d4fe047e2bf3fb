import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { addEvaluateCommand } from '#cli/commands/evaluate.ts';
import type { Box } from '#core/box.ts';
import { EvaluationSummary } from '#results/evaluation-file.ts';
import { recordLine, resultsIn, type ToyRecord, truthIn, writeLines } from '#test/evaluate/evaluated-results.ts';
import { embeddedData } from '#test/report/report-in-folder.ts';
import { tempFolder } from '#test/storage/temp-folder.ts';

const left: Box = [0, 0, 100, 100];
const wrong: Box = [500, 500, 600, 600];
const images = ['a.jpg', 'b.jpg', 'c.jpg', 'd.jpg'];
const record = (image: string, box: Box): ToyRecord => ({ image, caption: 'a cat', expressions: [{ text: 'a cat', found: [box] }] });

let folder: string;
let results: string;
let truth: string;
let printed: string;
let output: string;
beforeEach(async () => {
  folder = tempFolder();
  results = join(folder, 'results');
  await resultsIn(
    results,
    images.map((image, index) => record(image, index < 3 ? left : wrong)),
  );
  truth = truthIn(
    folder,
    images.map((image) => ({ image, caption: 'a cat', expressions: [{ text: 'a cat', boxes: [left] }] })),
  );
  printed = '';
  output = '';
  vi.spyOn(console, 'log').mockImplementation((text: string) => {
    printed += `${text}\n`;
  });
  vi.spyOn(console, 'error').mockImplementation((text: string) => {
    output += `${text}\n`;
  });
  process.exitCode = undefined;
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

async function evaluate(...args: string[]): Promise<void> {
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  addEvaluateCommand(program);
  await program.parseAsync(['node', 'groundline', 'evaluate', ...args]);
}

describe('groundline evaluate', () => {
  it('counts true boxes that reach beyond their image', async () => {
    const boxes: Box[] = [left, [900, 900, 1600, 1700], [-5, 0, 10, 10], [990, 0, 1000.5, 10]];
    truthIn(
      folder,
      boxes.map((box, index) => ({ image: images[index] ?? '', caption: 'a cat', expressions: [{ text: 'a cat', boxes: [box] }] })),
    );

    await evaluate(results, '--truth', truth);

    expect(output).toMatch(/outside their image: got 2, expected 0; fix: check the order \[x1, y1, x2, y2\]/);
    expect(JSON.parse(readFileSync(join(results, 'evaluation.json'), 'utf8')).counts).toMatchObject({ true_boxes_outside: 2 });
  });

  it('prints no notice where all true boxes are within their images', async () => {
    await evaluate(results, '--truth', truth);

    expect(output).toBe('');
  });

  it('prints the number of items of each figure, singular and plural', async () => {
    truthIn(folder, [{ image: 'a.jpg', caption: 'a cat', expressions: [{ text: 'a cat', boxes: [left] }] }]);

    await evaluate(results, '--truth', truth);

    const { figures } = EvaluationSummary.parse(JSON.parse(readFileSync(join(results, 'evaluation.json'), 'utf8')));
    expect(figures[0]?.note).toBe('1 expression · 0 % without an answer');
  });

  it('prints a table of figures with their intervals and the worst samples', async () => {
    await evaluate(results, '--truth', truth);

    expect(printed).toMatch(/4 of 4 lines have a result, 0 of them failed/);
    expect(printed).toMatch(/^acc50 +0\.750 +0\.\d{3} to 1\.000 +0 % +4 +accuracy at IoU 0\.5$/m);
    expect(printed).toMatch(/line 4: "a cat", IoU 0\.00, 1 found, 1 true/);
    expect(process.exitCode).toBeUndefined();
  });

  it('writes evaluation.json in the form that the report reads', async () => {
    await evaluate(results, '--truth', truth);

    const summary = EvaluationSummary.parse(JSON.parse(readFileSync(join(results, 'evaluation.json'), 'utf8')));
    expect(summary.truth).toBe('truth.jsonl');
    expect(summary.figures.find(({ id }) => id === 'acc50')).toMatchObject({
      value: 0.75,
      no_answer: 0,
      note: '4 expressions · 0 % without an answer',
    });
    expect(summary.worst[0]).toMatchObject({ line: 4, iou: 0, truth: [left], expression: 'a cat' });
  });

  it('writes the report again where there is one, worst samples among its data', async () => {
    writeFileSync(join(results, 'report.html'), 'of the run');

    await evaluate(results, '--truth', truth);

    const { evaluation } = embeddedData(readFileSync(join(results, 'report.html'), 'utf8'));
    expect(evaluation?.figures.find(({ name }) => name === 'accuracy at IoU 0.5')).toMatchObject({ value: 0.75 });
    expect(evaluation?.worst[0]).toMatchObject({ line: 4, iou: 0 });
    expect(output).toMatch(/worst samples: .*report\.html/);
  });

  it('leaves the report unchanged with --no-report', async () => {
    writeFileSync(join(results, 'report.html'), 'of the run');

    await evaluate(results, '--truth', truth, '--no-report');

    expect(readFileSync(join(results, 'report.html'), 'utf8')).toBe('of the run');
  });

  it('prints JSON alone with --json', async () => {
    await evaluate(results, '--truth', truth, '--json');

    expect(JSON.parse(printed)).toMatchObject({ mode: 'grounding', counts: { joined: 4, truth_lines: 4 } });
  });

  it('exits with 2 for a figure below its limit and prints both', async () => {
    await evaluate(results, '--truth', truth, '--min', 'acc50=0.7', '--min', 'acc90=0.8', '--min', 'no_answer=0');

    expect(process.exitCode).toBe(2);
    expect(output).toBe('below the limit: acc90 is 0.7500, wanted at least 0.8\n');
  });

  it('exits with 2 for a figure with a limit that cannot be computed', async () => {
    await evaluate(results, '--truth', truth, '--min', 'absent_acc=0.5');

    expect(process.exitCode).toBe(2);
    expect(output).toMatch(/absent_acc could not be computed/);
  });

  it('exits with 2 for a figure that dropped against another run', async () => {
    const better = join(folder, 'better');
    await resultsIn(
      better,
      images.map((image) => record(image, left)),
    );

    await evaluate(results, '--truth', truth, '--against', better, '--max-drop', 'acc50=0.1');

    expect(process.exitCode).toBe(2);
    expect(output).toMatch(/acc50 is 0\.2500 below the other run, allowed 0\.1/);
    expect(printed).toMatch(/^acc50 .* −0\.250 \(−0\.750 to [+−]0\.000\)$/m);
  });

  it.each([
    [['--min', 'ac50=0.8'], /unknown figure "ac50"; did you mean acc50\?/],
    [['--min', 'acc50=80'], /number from 0 to 1/],
    [['--max-drop', 'acc50=0.1'], /got --max-drop without --against/],
  ])('refuses %j with the accepted values', async (args, message) => {
    await expect(evaluate(results, '--truth', truth, ...args)).rejects.toThrow(message);
  });
});

describe('groundline evaluate with bad input', () => {
  const refused = async (message: RegExp, ...args: string[]) => {
    await expect(evaluate(...args)).rejects.toThrow(message);
    expect(existsSync(join(results, 'evaluation.json'))).toBe(false);
  };

  it('reports an unfinished run', async () => {
    writeFileSync(join(results, 'run.json'), JSON.stringify({ counts: { lines: 9, pending: 5 }, first_pending_line: 5 }));

    await refused(/not finished: 5 lines are pending.*--unfinished/, results, '--truth', truth);
  });

  it('accepts an unfinished run with a flag', async () => {
    writeFileSync(join(results, 'run.json'), JSON.stringify({ counts: { lines: 9, pending: 5 }, first_pending_line: 5 }));

    await evaluate(results, '--truth', truth, '--unfinished');

    expect(printed).toMatch(/acc50/);
  });

  it('reports results of step 0 alone as without boxes', async () => {
    const line = {
      ...JSON.parse(recordLine({ image: 'a.jpg', caption: 'a cat', expressions: [] })),
      pipeline_steps: ['step0_expression_extraction'],
    };
    writeLines(join(results, 'annotations.jsonl'), [JSON.stringify(line)]);

    await refused(/only extraction has run.*workflow\.steps/, results, '--truth', truth);
  });

  it('names a cut-off line', async () => {
    writeFileSync(join(results, 'annotations.jsonl'), `${recordLine(record('a.jpg', left))}\n{"image_path":"b.jp`);

    await refused(/annotations\.jsonl line 2 .*perhaps cut off/, results, '--truth', truth);
  });

  it('reports a folder without results and a missing truth file', async () => {
    mkdirSync(join(folder, 'empty'));

    await refused(/no results in .*groundline generate/, join(folder, 'empty'), '--truth', truth);
    await refused(/no truth file .*groundline import/, results, '--truth', join(folder, 'none.jsonl'));
  });

  it('reads TAO records with bbox_score and separates empty lists from rejections', async () => {
    const expression = (instances: unknown[]) => [{ text: 'a cat', char_span: [0, 5], noun_chunk: 'cat', instances }];
    const lines = images.map((image, index) => ({
      image_path: `/data/${image}`,
      caption: 'a cat',
      cleaned_caption: 'A cat',
      expressions: expression(index < 2 ? [{ bbox: left, bbox_score: 0.9, bbox_id: 'box_00000' }] : []),
    }));
    writeLines(
      join(results, 'annotations.jsonl'),
      lines.map((line) => JSON.stringify(line)),
    );

    await evaluate(results, '--truth', truth, '--mode', 'grounding');

    expect(printed).toMatch(/^acc50 +0\.500 .* 50\.0 % /m);
    expect(printed).toMatch(/^no_answer +0\.500/m);
  });
});
