/**
 * `npm run verify`: checks a catalog and everything it lists: signatures, digests, shapes, and that
 * each artifact is the server that the catalog says.
 *
 *   --from SOURCE   oci-layout:PATH or oci://HOST/REPOSITORY (oci-layout:dist/catalog)
 *   --key FILE      trusted public key (the development key of this clone)
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { readCatalog } from '../core/catalog/read-catalog.ts';
import { readServer } from '../core/catalog/read-server.ts';
import { messageOf, PortolanError } from '../core/errors.ts';
import { LOCK_LAYER, README_LAYER } from '../core/oci/media-types.ts';
import { openRepository } from '../core/oci/open.ts';
import { parsePublicKey } from '../core/trust/keys.ts';
import { describeSigner, type TrustPolicy } from '../core/trust/verify.ts';
import { runScript } from './run-script.ts';

await runScript(async () => {
  const { values } = parseArgs({
    options: {
      from: { type: 'string', default: 'oci-layout:dist/catalog' },
      key: { type: 'string', default: '.portolan/dev.pub' },
    },
  });
  const policy = await policyOf(values.key);
  const repository = await openRepository(values.from);
  const { catalog, evidence } = await readCatalog(repository, policy);
  const failures: unknown[] = [];
  let count = 0;
  for (const { name, versions } of catalog.servers) {
    for (const listed of versions) {
      try {
        const server = await readServer(repository, name, listed, policy);
        await server.readLayer(LOCK_LAYER);
        await server.readLayer(README_LAYER);
        count += 1;
      } catch (error) {
        failures.push(error);
        console.error(`${name} ${listed.version}: ${messageOf(error)}`);
      }
    }
  }
  if (failures.length > 0) {
    throw new PortolanError(
      'unverified',
      'VERIFICATION_FAILED',
      `${failures.length} of ${count + failures.length} artifacts of catalog ${catalog.number} do not hold`,
    );
  }
  console.log(
    `catalog ${catalog.number}: ${count} artifacts verified, signed by ${describeSigner(evidence.signer)}`,
  );
});

async function policyOf(path: string): Promise<TrustPolicy> {
  let pem: Buffer;
  try {
    pem = await readFile(path);
  } catch (error) {
    throw new PortolanError(
      'unreachable',
      'KEY_MISSING',
      `the public key ${path} cannot be read: ${messageOf(error)}; give the catalog's key with --key, or run npm run build:catalog first`,
      { cause: error },
    );
  }
  return { signers: [{ kind: 'key', key: parsePublicKey(pem, path) }] };
}
