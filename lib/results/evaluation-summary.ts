export interface ReportEvaluation {
  readonly truth?: string;
  readonly figures: readonly {
    readonly name: string;
    readonly value: number | string;
    readonly low?: number;
    readonly high?: number;
    readonly note?: string;
  }[];
  readonly worst: readonly ReportedWorstSample[];
}

export interface ReportedWorstSample {
  readonly line?: number;
  readonly id?: string;
  readonly path?: string;
  readonly expression?: string;
  readonly iou: number;
  /** The true boxes of the expression, in upright pixels. */
  readonly truth?: readonly (readonly [number, number, number, number])[];
  readonly note?: string;
}
