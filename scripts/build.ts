/** `npm run build`: catalog, site and runner, each only when its inputs changed. */

import { runScript } from './run-script.ts';
import { prepare } from './start/prepare.ts';

await runScript(() => prepare(console.error));
