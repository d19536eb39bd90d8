/**
 * `npm run build:mcpb`: the gateway as a bundle for Claude Desktop (MCPB), which starts `portolan run`.
 *
 *   --out FILE        the bundle (dist/portolan.mcpb)
 *   --registry DIR    folder with catalog.yaml, whose catalog is the default (registry)
 *
 * A snapshot of the catalog that `npm run build:snapshot` made goes into it.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildBundle } from './mcpb/build-bundle.ts';
import { runScript } from './run-script.ts';

await runScript(async () => {
  const { values } = parseArgs({
    options: {
      out: { type: 'string', default: join('dist', 'portolan.mcpb') },
      registry: { type: 'string', default: 'registry' },
    },
  });
  const { files, bytes } = await buildBundle(values.out, values.registry);
  console.log(`${values.out}: ${files} files in ${(bytes / 1e6).toFixed(2)} MB`);
});
