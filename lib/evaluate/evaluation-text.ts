import type { Evaluation } from './evaluate-results.ts';
import type { FigureValue } from './figures/figure-values.ts';
import { differenceText, formatShare } from './write-evaluation.ts';

const SHOWN_WORST = 5;

/** The evaluation as a table for a terminal. */
export function evaluationText({ mode, counts, figures, worst, common }: Evaluation, names: { truth: string; against?: string }): string {
  const head = [
    `${names.truth}: ${number(counts.joined)} of ${number(counts.truthLines)} lines have a result, ${number(counts.failed)} of them failed`,
    mode === 'grounding'
      ? 'phrases were given, joined by their text (grounding only)'
      : 'phrases were extracted, joined by their place in the caption (end to end)',
    `unmatched: ${number(counts.missed)} true phrases, ${number(counts.surplus)} phrases of the results` +
      (counts.withoutTruth > 0 ? `; ${number(counts.withoutTruth)} results are not in the truth` : ''),
    ...(common === undefined ? [] : [`differences against ${names.against} on the ${number(common)} lines that both have`]),
  ];
  const columns = ['figure', 'value', '95 % interval', 'no answer', 'of', 'name', ...(common === undefined ? [] : ['difference'])];
  const rows = figures.map((figure) => composeRow(figure, common !== undefined));
  const shown = worst.slice(0, SHOWN_WORST);
  const list = shown.map(({ line, expression, iou, note }) => `  line ${line}: ${quoted(expression)}, IoU ${iou.toFixed(2)}, ${note}`);
  return [...head, '', ...table([columns, ...rows]), ...(list.length > 0 ? ['', 'worst samples:', ...list] : [])].join('\n');
}

function composeRow(figure: FigureValue, compared: boolean): string[] {
  const { id, name, value, low, high, noAnswer, of, note, difference } = figure;
  return [
    id,
    value === undefined ? 'none' : value.toFixed(3),
    low === undefined || high === undefined ? '' : `${low.toFixed(3)} to ${high.toFixed(3)}`,
    id === 'no_answer' || id === 'coverage' ? '' : formatShare(noAnswer),
    number(of),
    note === undefined ? name : `${name} (${note})`,
    ...(compared ? [difference === undefined ? '' : differenceText(difference)] : []),
  ];
}

function table(rows: readonly string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 59)}…` : text);
}

const number = (value: number) => value.toLocaleString('en');
