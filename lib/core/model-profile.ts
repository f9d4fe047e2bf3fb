/** The unit of box coordinates. `pixels`: of the sent image. A number: the side of the grid that divides each axis. */
export type BoxScale = 'pixels' | 1 | 100 | 999 | 1000 | 1023 | 1024;

/** The box format of a model family. Source of each row: the family's own documentation, see `models/profiles.ts`. */
export interface BoxConvention {
  /** The JSON key of the family's training data, e.g. `box_2d`. */
  readonly key: string;
  readonly order: 'xyxy' | 'yxyx';
  readonly scale: BoxScale;
}

/** The way to request structured output, from a JSON schema that the server enforces, over JSON mode, to plain words. */
export type Tier = 'schema' | 'json' | 'text';

/** The form of a grounding answer: `object` = `{"boxes":[…],"absent":[…]}`, `list` = the family's native list, `tags` = `<ref>…</ref><box>…</box>`. */
export type AnswerForm = 'object' | 'list' | 'tags';

/** The requirements on a sent image. Sizes in pixels. */
export interface ImagePolicy {
  readonly mimeTypes: readonly string[];
  /** Longest side allowed; larger images are scaled down. */
  readonly maxSide?: number;
  readonly maxPixels?: number;
  /** Smaller images are scaled up (pixel-space models whose server would otherwise resize). */
  readonly minPixels?: number;
  /** Both sides become multiples of this (pixel-space models whose server would otherwise round). */
  readonly multipleOf?: number;
  readonly maxBytes: number;
}

/** All differences between model families, as one row of a table. */
export interface ModelProfile {
  readonly family: string;
  readonly box: BoxConvention;
  readonly form: AnswerForm;
  /** The highest tier worth trying for grounding with this family. */
  readonly tier: Tier;
  readonly expressionsPerCall: number;
  /** The family's own sentence for a single thing, with `{object}` for its words: the second request for an unanswered expression. */
  readonly retrySentence?: string;
  /** Whether the family writes useful scores; otherwise scores are `null`. */
  readonly scores: boolean;
  /** Whether the prompt states the size of the sent image. */
  readonly stateSize: boolean;
  readonly image: ImagePolicy;
  /** Request parameters by name, merged into the call by the adapter (e.g. `chat_template_kwargs`, `reasoning_effort`, `thinkingLevel`). */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** False where the model rejects or ignores a sampling temperature. */
  readonly temperature: boolean;
}
