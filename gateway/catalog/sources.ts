import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasErrno, messageOf, PortolanError } from '../../core/errors.ts';
import { writeFileAtomic } from '../../core/files.ts';
import { parsePublicKey } from '../../core/trust/keys.ts';
import type { TrustedSigner, TrustPolicy } from '../../core/trust/verify.ts';
import { suggest } from '../cli/suggest.ts';

/** A catalog that the user added: where it is, and whose signature counts. */
export interface CatalogSource {
  readonly name: string;
  /** `oci://HOST/REPOSITORY` or `oci-layout:PATH`. */
  readonly source: string;
  readonly signers: readonly SourceSigner[];
  /** File with the trusted root of a Sigstore of one's own. */
  readonly trustedRoot?: string;
}

/** A pinned public key (PEM), or an identity and its issuer. */
export type SourceSigner =
  | { readonly publicKey: string }
  | { readonly identity: string; readonly issuer: string };

/** The catalogs that the user added, in the order in which they are asked. */
export async function readSources(configDir: string): Promise<readonly CatalogSource[]> {
  const path = fileOf(configDir);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return [];
    throw error;
  }
  return parse(text, path);
}

/** Adds a catalog, or replaces the one of the same name with `replace`. */
export function addSource(
  configDir: string,
  source: CatalogSource,
  { replace = false } = {},
): Promise<void> {
  return change(configDir, (sources) => {
    if (!replace && sources.some(({ name }) => name === source.name)) {
      throw new PortolanError(
        'usage',
        'CATALOG_EXISTS',
        `there is a catalog named "${source.name}" already; choose another --name, or --replace it`,
      );
    }
    return [...sources.filter(({ name }) => name !== source.name), source];
  });
}

/** Removes a catalog by name. */
export function removeSource(configDir: string, name: string): Promise<void> {
  return change(configDir, (sources) => {
    findSource(sources, name);
    return sources.filter((source) => source.name !== name);
  });
}

/** The catalog of a name. Throws `usage` / `CATALOG_UNKNOWN`. */
export function findSource(sources: readonly CatalogSource[], name: string): CatalogSource {
  const found = sources.find((source) => source.name === name);
  if (found) return found;
  const names = sources.map((source) => source.name);
  const known = names.join(', ');
  throw new PortolanError(
    'usage',
    'CATALOG_UNKNOWN',
    `there is no catalog named "${name}"${suggest(name, names)}; there ${known ? `are: ${known}` : 'is none yet, add one with `portolan catalog add`'}`,
  );
}

/** What trust in a source rests on. */
export async function policyOf(source: CatalogSource): Promise<TrustPolicy> {
  const signers = source.signers.map(
    (signer): TrustedSigner =>
      'publicKey' in signer
        ? {
            kind: 'key',
            key: parsePublicKey(signer.publicKey, `key of the catalog ${source.name}`),
          }
        : { kind: 'identity', ...signer },
  );
  return { signers, trustedRoot: await trustedRootOf(signers, source.trustedRoot) };
}

/** The trusted root in a file, or the snapshot that ships with this version; for identities only. */
export async function trustedRootOf(
  signers: readonly TrustedSigner[],
  path: string | undefined,
): Promise<unknown> {
  if (!signers.some(({ kind }) => kind === 'identity')) return undefined;
  if (!path) {
    const shipped = await import('../../core/trust/trusted-root.generated.json', {
      with: { type: 'json' },
    });
    return shipped.default;
  }
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new PortolanError(
      'malformed',
      'FILE_MALFORMED',
      `the trusted root ${path} cannot be used: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

async function change(
  configDir: string,
  edit: (sources: readonly CatalogSource[]) => readonly CatalogSource[],
): Promise<void> {
  const { withFileLock } = await import('../../core/file-lock.ts');
  const path = fileOf(configDir);
  await withFileLock(`${path}.lock`, async () => {
    const catalogs = edit(await readSources(configDir));
    await writeFileAtomic(path, `${JSON.stringify({ catalogs }, null, 2)}\n`);
  });
}

function parse(text: string, path: string): readonly CatalogSource[] {
  const fault = (fact: string) =>
    new PortolanError(
      'malformed',
      'CATALOGS_MALFORMED',
      `${path} ${fact}; mend it, or delete it and add your catalogs again`,
    );
  let value: { catalogs?: unknown };
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw fault(`is not JSON: ${messageOf(error)}`);
  }
  if (!Array.isArray(value?.catalogs)) throw fault('has no list "catalogs"');
  for (const item of value.catalogs as Partial<CatalogSource>[]) {
    if (typeof item?.name !== 'string' || typeof item.source !== 'string') {
      throw fault('holds a catalog without name or source');
    }
    if (!Array.isArray(item.signers) || item.signers.length === 0) {
      throw fault(`names no signer for the catalog ${item.name}`);
    }
  }
  return value.catalogs as CatalogSource[];
}

function fileOf(configDir: string): string {
  return join(configDir, 'catalogs.json');
}
