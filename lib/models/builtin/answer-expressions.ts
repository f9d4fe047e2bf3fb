import type { Task } from '#core/ports.ts';
import { classOfPhrase, type Wanted } from './class-of-phrase.ts';
import type { Detection } from './detection.ts';

type RequestedExpression = Extract<Task, { kind: 'ground' }>['expressions'][number];

/** An answer in the form that step 1 reads, and per expression without a box the reason. */
export interface GroundingAnswer {
  readonly boxes: readonly { readonly bbox: readonly number[]; readonly label: string; readonly id: number; readonly score: number }[];
  readonly notes: Readonly<Record<number, string>>;
  readonly absent: readonly number[];
}

/** The second and further things of a plural have to be surer than the first: a wrong box costs more than a missing one. */
const MIN_FURTHER_SCORE = 0.5;

/**
 * Gives each expression the detections of its class. A singular takes the surest that no earlier one has, so that "a man … a man" are two;
 * a plural takes those that are left, or all where none is left.
 */
export function answerExpressions(
  expressions: readonly RequestedExpression[],
  detections: readonly Detection[],
  maxInstances: number,
): GroundingAnswer {
  const taken = new Set<Detection>();
  const boxed = new Map<RequestedExpression, readonly Detection[]>();
  const notes: Record<number, string> = {};
  const wanted = expressions.map((expression) => ({ expression, wants: classOfPhrase(expression.text, expression.nounChunk) }));
  for (const { expression, wants } of wanted.toSorted((a, b) => Number(a.wants?.plural ?? false) - Number(b.wants?.plural ?? false))) {
    if (!wants) {
      notes[expression.id] = `"${expression.nounChunk}" is not one of the 80 classes that the demonstration detector knows`;
      continue;
    }
    const ofClass = detections.filter(({ className }) => className === wants.className);
    const chosen = choose(ofClass, wants, taken, maxInstances);
    for (const detection of chosen) taken.add(detection);
    if (chosen.length > 0) boxed.set(expression, chosen);
    else notes[expression.id] = ofClass.length === 0 ? `no ${wants.className} found` : `no further ${wants.className} found`;
  }
  return {
    boxes: expressions.flatMap((expression) =>
      (boxed.get(expression) ?? []).map(({ box, score }) => ({
        bbox: box.map((side) => round(side, 100)),
        label: expression.text,
        id: expression.id,
        score: round(score, 10_000),
      })),
    ),
    notes,
    absent: expressions.filter((expression) => !boxed.has(expression)).map(({ id }) => id),
  };
}

function choose(
  ofClass: readonly Detection[],
  { plural, count }: Wanted,
  taken: ReadonlySet<Detection>,
  maxInstances: number,
): Detection[] {
  const free = ofClass.filter((detection) => !taken.has(detection));
  if (!plural) return free.slice(0, 1);
  const candidates = free.length > 0 ? free : ofClass;
  const sure = candidates.filter(({ score }, place) => place === 0 || score >= MIN_FURTHER_SCORE);
  return sure.slice(0, Math.min(count ?? maxInstances, maxInstances));
}

const round = (value: number, parts: number) => Math.round(value * parts) / parts;
