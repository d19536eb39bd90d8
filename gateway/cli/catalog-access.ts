import type { Command } from 'commander';
import { PortolanError } from '../../core/errors.ts';
import { type CatalogSet, catalogSet } from '../catalog/catalog-set.ts';
import { defaultSource } from '../catalog/default-source.ts';
import type { OpenCatalog, OpenCatalogOptions } from '../catalog/open-catalog.ts';
import { type CatalogSource, findSource, policyOf, readSources } from '../catalog/sources.ts';
import type { Paths } from '../paths.ts';
import { type TrustOptions, trustPolicyOf } from './trust-options.ts';

/** Options of every command that reads catalogs. */
export interface CatalogOptions extends TrustOptions {
  /** Name of a catalog that was added, or a source. */
  readonly catalog?: string;
}

/** Adds `--catalog` and the trust options to a command. */
export function withCatalogOptions(command: Command): Command {
  return command
    .option(
      '--catalog <name|source>',
      'a catalog that was added, or oci://HOST/REPOSITORY or oci-layout:PATH; all that were added when absent',
    )
    .option('--key <file>', 'public key that the catalog is signed with (repeatable)', collect)
    .option('--identity <subject>', 'identity that signs the catalog, instead of a key')
    .option('--issuer <url>', 'who vouches for that identity')
    .option('--trusted-root <file>', "Sigstore's trusted root, instead of the one that ships");
}

/** Collects a repeatable option. */
export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

/**
 * Opens the catalogs that a command asks for. Among several, one that does not answer is reported
 * and left out; one that does not verify stops everything.
 */
export async function openCatalogs(
  options: CatalogOptions & {
    /** Only these of the catalogs that were added, in this order. */
    readonly catalogs?: readonly string[] | undefined;
  },
  paths: Paths,
  log: (line: string) => void,
): Promise<CatalogSet> {
  const { openCatalog } = await import('../catalog/open-catalog.ts');
  const open = { stateDir: paths.state, cacheDir: paths.cache, log };
  const added = await readSources(paths.config);
  const shipped = defaultSource();
  const sources = added.length > 0 || !shipped ? added : [shipped];
  const isSource = /^(oci|oci-layout):/.test(options.catalog ?? '');
  if (options.catalog && isSource) {
    const known = sources.find(({ source }) => source === options.catalog);
    const policy =
      known && !hasTrust(options) ? await policyOf(known) : await trustPolicyOf(options);
    return catalogSet([await openCatalog(options.catalog, policy, open)]);
  }
  if (options.catalog) {
    const source = findSource(sources, options.catalog);
    return catalogSet([await openCatalog(source.source, await policyOf(source), open)]);
  }
  if (sources.length === 0) {
    throw new PortolanError(
      'usage',
      'CATALOG_NONE',
      'no catalog is set up; add one with `portolan catalog add SOURCE --key FILE`, or name one with --catalog',
    );
  }
  const wanted = options.catalogs?.map((name) => findSource(sources, name)) ?? sources;
  const opened = await Promise.all(wanted.map((source) => openOrReport(source, open)));
  const usable = opened.filter((catalog) => catalog !== undefined);
  if (usable.length === 0) {
    throw new PortolanError(
      'unreachable',
      'CATALOG_NONE',
      `none of the catalogs answers: ${wanted.map(({ source }) => source).join(', ')}; check the network, or add another one with \`portolan catalog add SOURCE --key FILE\``,
    );
  }
  return catalogSet(usable);
}

async function openOrReport(
  source: CatalogSource,
  open: OpenCatalogOptions,
): Promise<OpenCatalog | undefined> {
  try {
    const { openCatalog } = await import('../catalog/open-catalog.ts');
    return await openCatalog(source.source, await policyOf(source), open);
  } catch (error) {
    if (error instanceof PortolanError && error.kind === 'unreachable') {
      open.log?.(`catalog ${source.name} is left out: ${error.message}`);
      return undefined;
    }
    throw error;
  }
}

function hasTrust({ key, identity, issuer }: TrustOptions): boolean {
  return Boolean(key?.length || identity || issuer);
}
