/**
 * `npm test [-- FILTER...]`: runs every test and ends with one line: N passed, N failed, N skipped.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';

const report = 'dist/test-report.json';
rmSync(report, { force: true });
// Tests run copies of the code in folders of their own, whose compiled forms would be kept for ever.
const { NODE_COMPILE_CACHE, ...env } = process.env;
const { status } = spawnSync(
  process.execPath,
  [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...process.argv.slice(2),
  ],
  { stdio: 'inherit', env },
);

const counts = readCounts();
// A suite that fails before its tests run has no failed test, but it has failed.
const failed = Math.max(counts.failed, status === 0 ? 0 : 1);
console.log(`${counts.passed} passed, ${failed} failed, ${counts.skipped} skipped`);
process.exitCode = status ?? 1;

function readCounts() {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(
      readFileSync(report, 'utf8'),
    ) as Record<string, number>;
    return {
      passed: numPassedTests ?? 0,
      failed: numFailedTests ?? 0,
      skipped: (numPendingTests ?? 0) + (numTodoTests ?? 0),
    };
  } catch {
    return { passed: 0, failed: 0, skipped: 0 };
  }
}
