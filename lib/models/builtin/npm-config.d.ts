/** The used part of npm's settings reader, which has no types of its own. */
declare module '@npmcli/config' {
  export default class Config {
    constructor(options: {
      readonly definitions: unknown;
      readonly shorthands: unknown;
      readonly flatten: unknown;
      readonly npmPath: string;
      readonly argv?: readonly string[];
      readonly env?: Readonly<Record<string, string | undefined>>;
      readonly cwd?: string;
    });
    load(): Promise<void>;
    /** The settings by their names in npm's libraries. */
    readonly flat: Readonly<Record<string, unknown>>;
  }
}

declare module '@npmcli/config/lib/definitions/index.js' {
  const settings: { readonly definitions: unknown; readonly shorthands: unknown; readonly flatten: unknown };
  export default settings;
}
