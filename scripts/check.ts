/**
 * `npm run check`: everything besides the tests that must hold: types, lint and formatting, import
 * arrows, generated files, and the registry itself. Prints one line a check, and the output of those
 * that fail.
 */
import { spawnSync } from 'node:child_process';

const checks: readonly (readonly [name: string, script: string, ...args: string[]])[] = [
  ['types', 'node_modules/.bin/tsc', '-p', '.'],
  [
    'types of the site',
    'node_modules/@astrojs/check/bin/astro-check.js',
    '--root',
    'site',
    '--tsconfig',
    'site/tsconfig.json',
    '--minimumSeverity',
    'error',
  ],
  ['lint and formatting', 'node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings'],
  ['import arrows', 'scripts/check-arrows.ts'],
  ['generated types', 'scripts/generate-types.ts', '--check'],
  ['trusted root', 'scripts/generate-trusted-root.ts', '--check'],
  ['field reference', 'scripts/reference.ts', '--check'],
  ['formatting of entries', 'scripts/format.ts', '--check'],
  ['the registry', 'scripts/validate.ts'],
];

let failed = 0;
for (const [name, script, ...args] of checks) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
    encoding: 'utf8',
    maxBuffer: 64 * 2 ** 20,
  });
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name}`);
  if (status !== 0) {
    failed += 1;
    console.log(`${stdout}${stderr}`.trimEnd());
  }
}
process.exitCode = failed === 0 ? 0 : 1;
