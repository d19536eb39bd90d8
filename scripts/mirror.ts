/**
 * `npm run mirror -- --to oci-layout:PATH | oci://HOST/REPOSITORY`: copies a published catalog with
 * all its servers and signatures, and verifies each on the way.
 *
 *   --from SOURCE        where from (the repository of registry/catalog.yaml)
 *   --to SOURCE          where to
 *   --registry DIR       folder with catalog.yaml, whose signers are trusted (registry)
 *   --key FILE           trust this public key instead
 *   --trusted-root FILE  of a Sigstore of your own
 *   --ca FILE            certificate authority of the registries
 *   --plain-http         talk http to registries that are not on this machine
 */
import { parseArgs } from 'node:util';
import { PortolanError } from '../core/errors.ts';
import { openRepository } from '../core/oci/open.ts';
import { counted } from '../core/text.ts';
import { connectionOf } from './publisher/connection.ts';
import { mirror } from './publisher/mirror.ts';
import { openRegistrySource } from './publisher/registry-source.ts';
import { trustOf } from './publisher/signing.ts';
import { runScript } from './run-script.ts';

await runScript(async () => {
  const { values } = parseArgs({
    options: {
      from: { type: 'string' },
      to: { type: 'string' },
      registry: { type: 'string', default: 'registry' },
      key: { type: 'string' },
      'trusted-root': { type: 'string' },
      ca: { type: 'string' },
      'plain-http': { type: 'boolean', default: false },
    },
  });
  if (!values.to) {
    throw new PortolanError(
      'usage',
      'TARGET_MISSING',
      'say where to: --to oci-layout:PATH or --to oci://HOST/REPOSITORY',
    );
  }
  const { config } = openRegistrySource(values.registry);
  const policy = await trustOf(config, { key: values.key, trustedRoot: values['trusted-root'] });
  const connection = connectionOf(values);
  const source = values.from ?? config.repository;
  const from = await openRepository(source, connection);
  const to = await openRepository(values.to, { ...connection, create: true });
  const copy = () => mirror(from, to, policy);
  const { number, servers } = await (to.batch ? to.batch(copy) : copy());
  console.log(
    `${values.to}: catalog ${number} of ${source} with ${counted(servers.length, 'server')}`,
  );
});
