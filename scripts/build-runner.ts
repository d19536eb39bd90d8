/** `npm run build:runner`: bundles the gateway into dist/portolan.mjs and dist/runner.cjs. */

import { runScript } from './run-script.ts';
import { buildRunner } from './runner/build-runner.ts';

await runScript(async () => {
  await buildRunner('dist');
  console.log('dist/portolan.mjs: the runner is built');
});
