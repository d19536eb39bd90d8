/**
 * `npm run build:snapshot`: what `portolan search` and `show` read of the published catalog goes into
 * the package, so that they work without a network. Run it before `npm pack`.
 *
 *   --from SOURCE        where from (the repository of registry/catalog.yaml)
 *   --out FILE           the file (dist/snapshot.tar.br)
 *   --registry DIR       folder with catalog.yaml, whose signers are trusted (registry)
 *   --trusted-root FILE  of a Sigstore of your own
 *   --ca FILE            certificate authority of the registry
 *   --plain-http         talk http to a registry that is not on this machine
 *   --max-bytes N        at most this size; the largest servers are listed only (720000)
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openRepository } from '../core/oci/open.ts';
import { counted } from '../core/text.ts';
import { connectionOf } from './publisher/connection.ts';
import { openRegistrySource } from './publisher/registry-source.ts';
import { trustOf } from './publisher/signing.ts';
import { MAX_SNAPSHOT_BYTES, writeSnapshot } from './publisher/write-snapshot.ts';
import { runScript } from './run-script.ts';

await runScript(async () => {
  const { values } = parseArgs({
    options: {
      from: { type: 'string' },
      out: { type: 'string', default: join('dist', 'snapshot.tar.br') },
      registry: { type: 'string', default: 'registry' },
      'trusted-root': { type: 'string' },
      ca: { type: 'string' },
      'plain-http': { type: 'boolean', default: false },
      'max-bytes': { type: 'string', default: String(MAX_SNAPSHOT_BYTES) },
    },
  });
  const { config } = openRegistrySource(values.registry);
  // No key may be named here: what the package trusts by default is what catalog.yaml says.
  const policy = await trustOf(config, { key: undefined, trustedRoot: values['trusted-root'] });
  const from = await openRepository(values.from ?? config.repository, connectionOf(values));
  const { catalog, shown, bytes } = await writeSnapshot(from, values.out, policy, {
    maxBytes: Number(values['max-bytes']),
  });
  console.log(
    `${values.out}: catalog ${catalog.number} with ${counted(catalog.servers.length, 'server')}, ${shown} of them whole, in ${Math.round(bytes / 1000)} kB`,
  );
});
