/**
 * `npm run build:catalog`: registry/ becomes a signed catalog in an OCI image layout.
 *
 *   --registry DIR   folder with catalog.yaml and servers/ (registry)
 *   --out DIR        the layout (dist/catalog)
 *   --key FILE       private key to sign with (the development key of this clone)
 */
import { parseArgs } from 'node:util';
import { counted } from '../core/text.ts';
import { keySigner } from '../core/trust/sign.ts';
import { buildLayout } from './publisher/build-layout.ts';
import { gitPosition } from './publisher/git-position.ts';
import { openRegistrySource } from './publisher/registry-source.ts';
import { loadPublisherKey } from './publisher/signing-key.ts';
import { runScript } from './run-script.ts';

await runScript(async () => {
  const { values } = parseArgs({
    options: {
      registry: { type: 'string', default: 'registry' },
      out: { type: 'string', default: 'dist/catalog' },
      key: { type: 'string' },
    },
  });
  const registry = openRegistrySource(values.registry);
  const { key, development, path } = await loadPublisherKey('.', values.key);
  const position = await gitPosition(values.registry);
  if (!position) {
    console.warn('no full Git history here: the catalog gets the number 0, fit for local use only');
  }
  const catalog = await buildLayout(registry, values.out, keySigner(key), {
    number: position?.number ?? 0,
    ...(position ? { commit: position.commit, dateOf: position.dateOf } : {}),
    development,
  });
  console.log(
    `${values.out}: catalog ${catalog.number} with ${counted(catalog.servers.length, 'server')}, signed by ${
      development ? 'the development key ' : ''
    }${path} (${key.fingerprint})`,
  );
});
