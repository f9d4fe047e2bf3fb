/** The top frame of the project's own code in an error's stack, as `file:line`; the very top frame where none is; `unknown place` without a stack. */
export function findErrorPlace(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const frames = stack.split('\n').flatMap((line) => {
    const [, file, number] = FRAME.exec(line) ?? [];
    return file === undefined ? [] : [{ file, number }];
  });
  const own = frames.find(({ file }) => !file.startsWith('node:') && !file.includes('node_modules')) ?? frames[0];
  return own ? `${shorten(own.file)}:${own.number}` : 'unknown place';
}

/** `at name (file:line:column)` or `at file:line:column`. */
const FRAME = /^\s*at (?:.*\()?([^()]+?):(\d+):\d+\)?$/;

/** From the package's folder on: a user's own folders belong in no message. */
function shorten(file: string): string {
  return /(?:^|[\\/])((?:lib|dist|lambdas|node_modules)[\\/].*)$/.exec(file)?.[1] ?? file.slice(file.search(/[^\\/]*$/));
}

const MESSAGE = 300;

/** What happened, where in the code, and what to do. */
export function describeUnexpected(error: unknown): string {
  const what = (error instanceof Error ? error.message : String(error)).slice(0, MESSAGE);
  return `unexpected error at ${findErrorPlace(error)}: got "${what}", expected none; fix: report this message, and run again or leave the line out`;
}
