import type { Task } from '#core/ports.ts';
import { classOfPhrase, type Wanted } from './class-of-phrase.ts';
import type { Detection } from './detection.ts';

type RequestedExpression = Extract<Task, { kind: 'ground' }>['expressions'][number];

/** An answer in the form that step 1 reads, with the reason for each expression without a box. */
export interface GroundingAnswer {
  readonly boxes: readonly { readonly bbox: readonly number[]; readonly label: string; readonly id: number; readonly score: number }[];
  readonly notes: Readonly<Record<number, string>>;
  readonly absent: readonly number[];
}

/** The second and further boxes of a plural need a higher score: a wrong box is worse than a missing one. */
const MIN_FURTHER_SCORE = 0.5;

/**
 * Assigns detections to expressions by class. A singular gets the best detection that no earlier expression has, so that "a man … a man" are two.
 * A plural gets the remaining ones, or all of them when none remain.
 */
export function answerExpressions(
  expressions: readonly RequestedExpression[],
  detections: readonly Detection[],
  maxInstances: number,
): GroundingAnswer {
  const assigned = new Set<Detection>();
  const boxed = new Map<RequestedExpression, readonly Detection[]>();
  const notes: Record<number, string> = {};
  const wanted = expressions.map((expression) => ({ expression, wants: classOfPhrase(expression.text, expression.nounChunk) }));
  for (const { expression, wants } of wanted.toSorted((a, b) => Number(a.wants?.plural ?? false) - Number(b.wants?.plural ?? false))) {
    if (!wants) {
      notes[expression.id] = `"${expression.nounChunk}" is not one of the 80 classes of the demonstration detector`;
      continue;
    }
    const ofClass = detections.filter(({ className }) => className === wants.className);
    const chosen = choose(ofClass, wants, assigned, maxInstances);
    for (const detection of chosen) assigned.add(detection);
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
  assigned: ReadonlySet<Detection>,
  maxInstances: number,
): Detection[] {
  const free = ofClass.filter((detection) => !assigned.has(detection));
  if (!plural) return free.slice(0, 1);
  const candidates = free.length > 0 ? free : ofClass;
  const confident = candidates.filter(({ score }, place) => place === 0 || score >= MIN_FURTHER_SCORE);
  return confident.slice(0, Math.min(count ?? maxInstances, maxInstances));
}

const round = (value: number, parts: number) => Math.round(value * parts) / parts;
