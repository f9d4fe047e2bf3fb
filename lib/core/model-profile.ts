/** How numbers in a model's boxes are meant. `pixels`: of the image as it was sent. A number: the side of the grid each axis is divided into. */
export type BoxScale = 'pixels' | 1 | 100 | 999 | 1000 | 1023 | 1024;

/** How a model family writes a box. Source of each row: the family's own documentation, see `models/profiles.ts`. */
export interface BoxConvention {
  /** The JSON key the family was trained to write, e.g. `box_2d`. */
  readonly key: string;
  readonly order: 'xyxy' | 'yxyx';
  readonly scale: BoxScale;
}

/** How an answer is asked for: a JSON schema the server enforces, JSON mode, or words alone. Each step of the ladder down. */
export type Tier = 'schema' | 'json' | 'text';

/** The form of a grounding answer: `object` = `{"boxes":[…],"absent":[…]}`, `list` = the family's native list, `tags` = `<ref>…</ref><box>…</box>`. */
export type AnswerForm = 'object' | 'list' | 'tags';

/** What the image has to be when it leaves for the model. Sizes in pixels. */
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

/** Everything that differs between model families: one row of one table. */
export interface ModelProfile {
  readonly family: string;
  readonly box: BoxConvention;
  readonly form: AnswerForm;
  /** The highest tier worth trying for grounding with this family. */
  readonly tier: Tier;
  readonly expressionsPerCall: number;
  /** The family's own sentence for a single thing, `{object}` being its words: how an expression without an answer is asked for again, alone. */
  readonly retrySentence?: string;
  /** Whether the family writes scores worth keeping; otherwise scores are `null`. */
  readonly scores: boolean;
  /** Whether the prompt states the size of the sent image. */
  readonly stateSize: boolean;
  readonly image: ImagePolicy;
  /** Request parameters by name, merged into the call by the adapter (e.g. `chat_template_kwargs`, `reasoning_effort`, `thinkingLevel`). */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** False where the model rejects or ignores a sampling temperature. */
  readonly temperature: boolean;
}
