// Adds up the results of the suites of `.ci/run`: summary.mjs FOLDER name=EXIT_CODE… The last line is "N passed, N failed".
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder, ...ends] = process.argv.slice(2);
const suites = ends.map((end) => {
  const [name, code] = end.split('=');
  const file = join(folder, `${name}.json`);
  const {
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: pending,
    numTodoTests: todo,
  } = existsSync(file)
    ? JSON.parse(readFileSync(file, 'utf8'))
    : { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 };
  // Type errors, coverage below a threshold and files that cannot be loaded fail a suite without a failed test.
  return { name, passed, failed: failed > 0 ? failed : Number(code !== '0'), skipped: pending + todo };
});
const sum = (count) => suites.reduce((total, suite) => total + suite[count], 0);

for (const { name, passed, failed, skipped } of suites) console.log(`${name}: ${passed} passed, ${failed} failed, ${skipped} skipped`);
console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
process.exit(sum('failed') === 0 ? 0 : 1);
