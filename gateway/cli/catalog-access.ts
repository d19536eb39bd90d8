import type { Command } from 'commander';
import { PortolanError } from '../../core/errors.ts';
import type { TrustPolicy } from '../../core/trust/verify.ts';
import { type CatalogSet, catalogSet } from '../catalog/catalog-set.ts';
import type { ConnectedSource } from '../catalog/connect-source.ts';
import { sourcesInUse } from '../catalog/default-source.ts';
import type { OpenCatalog } from '../catalog/open-catalog.ts';
import { recallCatalog } from '../catalog/recall.ts';
import { type CatalogSource, findSource, policyOf } from '../catalog/sources.ts';
import { circumstancesOf, type Wanted } from '../catalog/start-memory.ts';
import type { Paths } from '../paths.ts';
import type { LoadedProfile } from '../profile/read-profile.ts';
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
    /** Nothing is to be run or added; see OpenCatalogOptions. */
    readonly look?: boolean;
  },
  paths: Paths,
  log: (line: string) => void,
): Promise<CatalogSet<OpenCatalog>> {
  return openChosen(await chooseCatalogs(options, paths), paths, { log, look: options.look });
}

/** The catalogs that a profile names, or those of openCatalogs when it names none. */
export function catalogsOfProfile(
  loaded: LoadedProfile | undefined,
  options: CatalogOptions,
  paths: Paths,
  log: (line: string) => void,
): Promise<CatalogSet<OpenCatalog>> {
  return openCatalogs({ ...options, catalogs: loaded?.profile.catalogs }, paths, log);
}

/** Catalogs to serve from, and how to write down what was verified, for the next start. */
export interface ServedCatalogs {
  readonly catalogs: CatalogSet;
  remember(): Promise<void>;
}

/**
 * The catalogs of a gateway that serves what is wanted and nothing else: recalled when an earlier
 * start verified the same, else opened. Throws what openCatalogs and recallCatalog throw.
 */
export async function openServed(
  options: CatalogOptions & { readonly catalogs?: readonly string[] | undefined },
  paths: Paths,
  wanted: Wanted,
  log: (line: string) => void,
): Promise<ServedCatalogs> {
  const chosen = await chooseCatalogs(options, paths);
  const [only] = chosen.catalogs.length === 1 ? chosen.catalogs : [];
  const policy = await only?.policy();
  const before = only && policy && circumstancesOf(only.source, policy);
  if (!before) {
    return { catalogs: await openChosen(chosen, paths, { log }), remember: async () => {} };
  }
  const { source } = only;
  const opened = await openRegistry(source, paths, log);
  const recalled = await recallCatalog(source, policy, wanted, {
    ...foldersOf(paths),
    opened,
    log,
  });
  if (recalled) return { ...recalled, catalogs: catalogSet([recalled.catalog]) };
  const { rememberCatalog, watchCatalog } = await import('../catalog/remember.ts');
  const [open] = (await openChosen(chosen, paths, { log, opened })).catalogs;
  if (!open) return { catalogs: catalogSet([]), remember: async () => {} };
  const watched = watchCatalog(open);
  return {
    catalogs: catalogSet([watched.catalog]),
    remember: () => rememberCatalog(watched, policy, wanted, before, foldersOf(paths)),
  };
}

/** A registry, so that it is asked once whether the memory holds or not; undefined for a layout. */
async function openRegistry(
  source: string,
  paths: Paths,
  log: (line: string) => void,
): Promise<ConnectedSource | undefined> {
  if (!source.startsWith('oci://')) return undefined;
  const { connectSource } = await import('../catalog/connect-source.ts');
  return connectSource(source, { ...foldersOf(paths), log });
}

function foldersOf({ state, cache }: Paths) {
  return { stateDir: state, cacheDir: cache };
}

/** Which catalogs a command asks for, none of them opened. */
interface ChosenCatalogs {
  readonly catalogs: readonly ChosenCatalog[];
  /** All that were added: one that does not answer is left out. */
  readonly several: boolean;
}

interface ChosenCatalog {
  readonly name: string;
  readonly source: string;
  policy(): Promise<TrustPolicy>;
}

async function chooseCatalogs(
  options: CatalogOptions & { readonly catalogs?: readonly string[] | undefined },
  paths: Paths,
): Promise<ChosenCatalogs> {
  const sources = await sourcesInUse(paths.config);
  const chosen = (source: CatalogSource): ChosenCatalog => ({
    name: source.name,
    source: source.source,
    policy: () => policyOf(source),
  });
  const { catalog } = options;
  if (catalog && /^(oci|oci-layout):/.test(catalog)) {
    const known = sources.find(({ source }) => source === catalog);
    const one =
      known && !hasTrust(options)
        ? chosen(known)
        : { name: catalog, source: catalog, policy: () => trustPolicyOf(options) };
    return { catalogs: [one], several: false };
  }
  if (catalog) return { catalogs: [chosen(findSource(sources, catalog))], several: false };
  if (sources.length === 0) {
    throw new PortolanError(
      'usage',
      'CATALOG_NONE',
      'no catalog is set up; add one with `portolan catalog add SOURCE --key FILE`, or name one with --catalog',
    );
  }
  const wanted = options.catalogs?.map((name) => findSource(sources, name)) ?? sources;
  return { catalogs: wanted.map(chosen), several: true };
}

async function openChosen(
  { catalogs, several }: ChosenCatalogs,
  paths: Paths,
  options: {
    readonly log: (line: string) => void;
    readonly look?: boolean | undefined;
    readonly opened?: ConnectedSource | undefined;
  },
): Promise<CatalogSet<OpenCatalog>> {
  const { log, look = false, opened: source } = options;
  const { openCatalog } = await import('../catalog/open-catalog.ts');
  const opened = await Promise.all(
    catalogs.map(async ({ name, source: address, policy }) => {
      try {
        return await openCatalog(address, await policy(), {
          ...foldersOf(paths),
          look,
          opened: source,
          log,
        });
      } catch (error) {
        if (!several || !(error instanceof PortolanError) || error.kind !== 'unreachable') {
          throw error;
        }
        log(`catalog ${name} is left out: ${error.message}`);
        return undefined;
      }
    }),
  );
  const usable = opened.filter((catalog) => catalog !== undefined);
  if (usable.length === 0) {
    throw new PortolanError(
      'unreachable',
      'CATALOG_NONE',
      `none of the catalogs answers: ${catalogs.map(({ source }) => source).join(', ')}; check the network, or add another one with \`portolan catalog add SOURCE --key FILE\``,
    );
  }
  return catalogSet(usable);
}

function hasTrust({ key, identity, issuer }: TrustOptions): boolean {
  return Boolean(key?.length || identity || issuer);
}
