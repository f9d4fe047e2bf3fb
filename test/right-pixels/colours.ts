/** Colours that stay apart in JPEG and in any resizing. */
export const colours = {
  red: [220, 20, 30],
  green: [20, 150, 40],
  blue: [30, 50, 220],
  yellow: [240, 220, 20],
  magenta: [210, 30, 210],
  cyan: [20, 200, 220],
} as const;

export type Colour = keyof typeof colours;

/** What pictures are painted on. */
export const background = [238, 238, 238] as const;
