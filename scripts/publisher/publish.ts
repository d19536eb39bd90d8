import { FRESHNESS_TAG } from '../../core/catalog/check-freshness.ts';
import { FRESHNESS_DAYS, readFreshness } from '../../core/catalog/freshness.ts';
import { packFreshness } from '../../core/catalog/pack-freshness.ts';
import { CATALOG_TAG, readCatalog, type VerifiedCatalog } from '../../core/catalog/read-catalog.ts';
import { PortolanError } from '../../core/errors.ts';
import type { Artifact } from '../../core/oci/artifact.ts';
import type { Digest } from '../../core/oci/digest.ts';
import type { Descriptor, Repository } from '../../core/oci/repository.ts';
import { type TrustPolicy, verifyAttached } from '../../core/trust/verify.ts';
import type { ValidRegistry } from '../registry/load.ts';
import { DOCKER_TAG, type DockerLines, packDockerCatalog } from './docker-catalog.ts';
import { forEachLimited } from './limited.ts';
import { type CatalogLine, type CatalogPosition, dated, packCatalog } from './make-catalog.ts';
import { packServers } from './pack-in-threads.ts';
import { type PackedServer, packServer } from './pack-server.ts';
import { type PublicationPlan, planPublication } from './plan.ts';
import { attachProvenance, type Builder } from './provenance.ts';
import { CONCURRENCY, putSigned, type SigningOptions } from './put-signed.ts';
import { type RegistrySource, sourceOf } from './registry-source.ts';
import { unchangedSince } from './unchanged.ts';

/** How a publication signs, and what it reports. */
export interface PublishOptions extends Omit<SigningOptions, 'development'> {
  /** Whose signatures on what is already there count. */
  readonly policy: TrustPolicy;
  readonly position: CatalogPosition;
  /** Says how each new artifact came about; without it no provenance is attached. */
  readonly builder?: Builder;
  readonly say?: (line: string) => void;
  readonly now?: () => Date;
}

/** What was done. */
export interface Published {
  readonly number: number;
  readonly added: number;
  readonly changed: boolean;
}

/** What is published, and what is missing. */
export interface Prepared {
  readonly plan: PublicationPlan;
  readonly previous: VerifiedCatalog | undefined;
  /** The part that Docker's toolkit can use, by name. */
  readonly docker: DockerLines;
  /** Why Docker's part lacks servers that were looked at, by name. */
  readonly leftOut: ReadonlyMap<string, string>;
}

/**
 * Reads what is published and plans what is missing. Changes nothing. Entries that are the same as
 * in the commit of the published catalog are not read again.
 */
export async function prepublish(
  registry: RegistrySource | ValidRegistry,
  repository: Repository,
  { policy, position }: Pick<PublishOptions, 'policy' | 'position'>,
): Promise<Prepared> {
  const source = sourceOf(registry);
  const previous = (await repository.resolveTag(CATALOG_TAG))
    ? await readCatalog(repository, policy)
    : undefined;
  const known = await unchangedSince(previous, repository, { policy, position });
  const lines: CatalogLine[] = [];
  const docker = new Map<string, Uint8Array>();
  const leftOut = new Map<string, string>();
  const unknown: string[] = [];
  for (const name of source.names) {
    const same = known?.lines.get(name);
    if (same) lines.push(same);
    else unknown.push(name);
    const line = same && known?.docker.get(name);
    if (line) docker.set(name, line);
  }
  await packServers(source, unknown, async (group) => {
    for (const { line, docker: mapping } of group) {
      lines.push(dated(line, position));
      if ('line' in mapping) docker.set(line.name, mapping.line);
      else leftOut.set(line.name, mapping.reason);
    }
  });
  lines.sort((a, b) => (a.name < b.name ? -1 : 1));
  const plan = planPublication(source.config, lines, position, previous?.catalog);
  return { plan, previous, docker, leftOut: new Map([...leftOut].sort()) };
}

/**
 * Publishes a registry: first the artifacts of new versions, then their signatures and tags, then
 * the catalog and its signature, then the tag that makes it visible, Docker's catalog and the
 * freshness statement.
 * Whatever fails on the way leaves the previous catalog whole, and another run finishes the work.
 *
 * @param prepared What prepublish found for the same arguments; looked up when absent.
 *
 * Throws what planPublication throws, `failed` / `PUBLISH_CONFLICT` when another publisher was
 * quicker, and what the repository throws.
 */
export async function publish(
  registry: RegistrySource | ValidRegistry,
  repository: Repository,
  options: PublishOptions,
  prepared?: Prepared,
): Promise<Published> {
  const { say = () => {} } = options;
  const { plan, previous, docker } = prepared ?? (await prepublish(registry, repository, options));
  await publishServers(plan, sourceOf(registry), repository, options);
  let tagged = previous?.descriptor;
  if (plan.changed) {
    const artifact = packCatalog(plan.catalog);
    await putSigned(repository, [artifact], signingOf(options));
    await moveCatalogTag(repository, artifact.descriptor, plan.catalog.number, previous);
    tagged = artifact.descriptor;
    say(`catalog ${plan.catalog.number}: ${artifact.descriptor.digest}`);
  }
  await publishDocker(packDockerCatalog(plan.catalog.title, docker), repository, options);
  if (tagged) {
    await publishFreshness(
      repository,
      { number: plan.catalog.number, digest: tagged.digest },
      options,
    );
  }
  return { number: plan.catalog.number, added: plan.added.length, changed: plan.changed };
}

/** Issues a new freshness statement for a catalog that is already published. */
export async function publishFreshness(
  repository: Repository,
  catalog: { readonly number: number; readonly digest: Digest },
  options: PublishOptions,
): Promise<void> {
  const now = (options.now ?? (() => new Date()))();
  const current = await readFreshness(repository, options.policy);
  // Renewed once a day, not on every run: each statement costs a signature.
  const isRecent =
    current?.digest === catalog.digest && now.getTime() - Date.parse(current.issued) < DAY_MS / 2;
  if (isRecent) return;
  const artifact = packFreshness({
    ...catalog,
    issued: now.toISOString(),
    expires: new Date(now.getTime() + FRESHNESS_DAYS * DAY_MS).toISOString(),
  });
  await putSigned(repository, [artifact], signingOf(options));
  await repository.putTag(FRESHNESS_TAG, artifact.descriptor);
}

/** Derived from the same servers; after the catalog, so that nobody finds a server only here. */
async function publishDocker(
  artifact: Artifact,
  repository: Repository,
  options: PublishOptions,
): Promise<void> {
  const current = await repository.resolveTag(DOCKER_TAG);
  if (current?.digest === artifact.descriptor.digest) return;
  await putSigned(repository, [artifact], signingOf(options));
  await repository.putTag(DOCKER_TAG, artifact.descriptor);
}

const DAY_MS = 24 * 3_600_000;

function signingOf({ position, ...options }: PublishOptions): SigningOptions {
  return { ...options, development: position.development };
}

/** Servers that are uploaded and signed together: enough for one statement, and for memory. */
const GROUP = 1000;

async function publishServers(
  { added }: PublicationPlan,
  source: RegistrySource,
  repository: Repository,
  options: PublishOptions,
): Promise<void> {
  const missing: CatalogLine[] = [];
  // What a broken run already stored and signed is not stored and signed again.
  await forEachLimited(added, options.concurrency ?? CONCURRENCY, async (line) => {
    if (!(await isComplete(repository, line, options.policy))) missing.push(line);
  });
  missing.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (let start = 0; start < missing.length; start += GROUP) {
    const group = missing.slice(start, start + GROUP).map((line) => packAgain(source, line));
    await putSigned(
      repository,
      group.map(({ artifact }) => artifact),
      signingOf(options),
    );
    const { builder, position, sign } = options;
    if (builder && position.commit) {
      const context = { config: source.config, commit: position.commit, builder };
      await attachProvenance(repository, group, sign, context);
    }
    await forEachLimited(
      group,
      options.concurrency ?? CONCURRENCY,
      async ({ name, entry, artifact }) => {
        await repository.putTag(`${name}_${entry.version}`, artifact.descriptor);
        options.say?.(`${name} ${entry.version}: ${artifact.descriptor.digest}`);
      },
    );
  }
}

/** Packs what was planned. Throws `failed` / `ENTRY_CHANGED` when it is something else by now. */
function packAgain(source: RegistrySource, { name, listed }: CatalogLine): PackedServer {
  const packed = packServer(source.load(name));
  if (packed.artifact.descriptor.digest === listed.digest) return packed;
  throw new PortolanError(
    'failed',
    'ENTRY_CHANGED',
    `registry/servers/${name} changed while it was being published; run this again when nobody edits it`,
  );
}

/** Whether a tag of this version exists, points to this content and is signed. */
async function isComplete(
  repository: Repository,
  { name, listed }: CatalogLine,
  policy: TrustPolicy,
): Promise<boolean> {
  const tag = `${name}_${listed.version}`;
  const tagged = await repository.resolveTag(tag);
  if (!tagged) return false;
  if (tagged.digest !== listed.digest) {
    throw new PortolanError(
      'forbidden',
      'VERSION_REUSED',
      `${repository.name}: the tag ${tag} points to ${tagged.digest}, which is not what the registry holds (${listed.digest}); raise \`version\` in registry/servers/${name}/server.yaml, or delete the tag if nobody has seen it`,
    );
  }
  return verifyAttached(repository, tagged, policy).then(
    () => true,
    () => false,
  );
}

/**
 * Makes the new catalog the current one, unless someone else did so meanwhile. Registries have no
 * compare-and-swap: the tag with the number is claimed first and read back, which leaves the loser
 * of a race a clear message, and the winner's catalog whole.
 */
async function moveCatalogTag(
  repository: Repository,
  descriptor: Descriptor,
  number: number,
  previous: VerifiedCatalog | undefined,
): Promise<void> {
  const conflict = (fact: string) =>
    new PortolanError(
      'failed',
      'PUBLISH_CONFLICT',
      `${repository.name}: another publisher was at work: ${fact}; nothing was overwritten, run this again`,
    );
  const numbered = `${CATALOG_TAG}-${number}`;
  const claimed = await repository.resolveTag(numbered);
  if (claimed && claimed.digest !== descriptor.digest) {
    throw conflict(`${numbered} is ${claimed.digest} already`);
  }
  await repository.putTag(numbered, descriptor);
  const [mine, current] = await Promise.all([
    repository.resolveTag(numbered),
    repository.resolveTag(CATALOG_TAG),
  ]);
  if (mine?.digest !== descriptor.digest) throw conflict(`${numbered} changed hands`);
  if (current?.digest !== previous?.descriptor.digest && current?.digest !== descriptor.digest) {
    throw conflict(`the catalog is ${current?.digest} now`);
  }
  await repository.putTag(CATALOG_TAG, descriptor);
}
