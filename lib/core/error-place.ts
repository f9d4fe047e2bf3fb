/**
 * The top frame of the project's own code in an error's stack, as `file:line`.
 * Otherwise the top frame of any code; `unknown place` without a stack.
 */
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

/** The path from the package's folder on: messages contain no folders of the user. */
function shorten(file: string): string {
  return /(?:^|[\\/])((?:lib|dist|lambdas|node_modules)[\\/].*)$/.exec(file)?.[1] ?? file.slice(file.search(/[^\\/]*$/));
}

const MESSAGE = 300;

/** The message of an unexpected error with its place in the code and a fix. */
export function describeUnexpected(error: unknown): string {
  const what = (error instanceof Error ? error.message : String(error)).slice(0, MESSAGE);
  return `unexpected error at ${findErrorPlace(error)}: got "${what}", expected none; fix: report this message, and run again or leave the line out`;
}
