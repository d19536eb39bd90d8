/**
 * `npm run publish -- --to oci://HOST/REPOSITORY | oci-layout:PATH`: publishes what is new.
 *
 *   --to SOURCE          where to (the repository of registry/catalog.yaml)
 *   --registry DIR       folder with catalog.yaml and servers/ (registry)
 *   --key FILE           sign with this private key (PKCS8, or cosign.key with COSIGN_PASSWORD)
 *   --keyless            sign with the identity of this CI job (GitHub Actions, or any that sets
 *                        SIGSTORE_ID_TOKEN), through Sigstore
 *   --fulcio-url URL, --rekor-url URL, --tsa-url URL, --trusted-root FILE
 *                        services of a Sigstore of your own
 *   --full               compare every entry with what is published, also those that Git says are
 *                        the same as in the commit of the published catalog
 *   --freshness          only renew the freshness statement
 *   --dry-run            print the plan and change nothing
 *   --ca FILE            certificate authority of the registry
 *   --plain-http         talk http to a registry that is not on this machine
 *
 * Signs in with what docker and podman keep; a job of CI may set REGISTRY (a host), REGISTRY_USER and
 * REGISTRY_TOKEN instead.
 */
import { parseArgs } from 'node:util';
import { CATALOG_TAG, readCatalog } from '../core/catalog/read-catalog.ts';
import { PortolanError } from '../core/errors.ts';
import { openRepository } from '../core/oci/open.ts';
import type { Repository } from '../core/oci/repository.ts';
import { connectionOf } from './publisher/connection.ts';
import { describeLeftOut } from './publisher/docker-catalog.ts';
import { gitPosition } from './publisher/git-position.ts';
import { builderOf } from './publisher/provenance.ts';
import { type PublishOptions, prepublish, publish, publishFreshness } from './publisher/publish.ts';
import { openRegistrySource } from './publisher/registry-source.ts';
import { chooseSigning } from './publisher/signing.ts';
import { runScript } from './run-script.ts';

await runScript(async () => {
  const { values } = parseArgs({
    options: {
      to: { type: 'string' },
      registry: { type: 'string', default: 'registry' },
      key: { type: 'string' },
      keyless: { type: 'boolean', default: false },
      'fulcio-url': { type: 'string' },
      'rekor-url': { type: 'string' },
      'tsa-url': { type: 'string' },
      'trusted-root': { type: 'string' },
      full: { type: 'boolean', default: false },
      freshness: { type: 'boolean', default: false },
      'dry-run': { type: 'boolean', default: false },
      ca: { type: 'string' },
      'plain-http': { type: 'boolean', default: false },
    },
  });
  const registry = openRegistrySource(values.registry);
  const target = values.to ?? registry.config.repository;
  const repository = await openRepository(target, { ...connectionOf(values), create: true });
  const signing = await chooseSigning(registry.config, {
    keyless: values.keyless,
    key: values.key,
    fulcioUrl: values['fulcio-url'],
    rekorUrl: values['rekor-url'],
    tsaUrl: values['tsa-url'],
    trustedRoot: values['trusted-root'],
  });
  const position = await gitPosition(values.registry);
  if (!position) {
    throw new PortolanError(
      'failed',
      'HISTORY_MISSING',
      `${values.registry} is not in a Git repository with its full history, so the catalog has no number; fetch it (git fetch --unshallow)`,
    );
  }
  // Only an identity that Sigstore vouches for makes a statement about a build worth anything.
  const builder = values.keyless ? builderOf(process.env) : undefined;
  const options: PublishOptions = {
    ...signing,
    ...(builder ? { builder } : {}),
    position: {
      number: position.number,
      commit: position.commit,
      dateOf: position.dateOf,
      ...(values.full ? {} : { changedSince: position.changedSince }),
      development: signing.development,
    },
    say: (line) => console.log(line),
  };
  if (values.freshness) {
    const previous = (await repository.resolveTag(CATALOG_TAG))
      ? await readCatalog(repository, options.policy)
      : undefined;
    if (!previous) {
      throw new PortolanError(
        'failed',
        'CATALOG_MISSING',
        `${target} has no catalog to keep fresh`,
      );
    }
    await inBatch(repository, () =>
      publishFreshness(
        repository,
        { number: previous.catalog.number, digest: previous.descriptor.digest },
        options,
      ),
    );
    console.log(`${target}: catalog ${previous.catalog.number} is fresh`);
    return;
  }
  const prepared = await prepublish(registry, repository, options);
  const { plan, previous } = prepared;
  const what = `${target}: catalog ${previous?.catalog.number ?? 'none'} is published; ${plan.added.length} new versions, catalog ${plan.changed ? `becomes ${plan.catalog.number}` : 'stays'}`;
  console.log(what);
  for (const { name, listed } of plan.added) console.log(`  + ${name} ${listed.version}`);
  const leftOut = describeLeftOut(prepared);
  if (leftOut) console.log(`${target}:docker: ${leftOut}`);
  if (values['dry-run']) return;
  const { number, added } = await inBatch(repository, () =>
    publish(registry, repository, options, prepared),
  );
  console.log(`${target}: catalog ${number} is current, ${added} versions added`);
});

/** A layout writes its index once at the end; a registry has no such thing. */
function inBatch<T>(repository: Repository, work: () => Promise<T>): Promise<T> {
  return repository.batch ? repository.batch(work) : work();
}
