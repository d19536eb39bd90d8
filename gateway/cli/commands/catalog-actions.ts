import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { PortolanError } from '../../../core/errors.ts';
import { describeSigner } from '../../../core/trust/verify.ts';
import { defaultSource, sourcesInUse } from '../../catalog/default-source.ts';
import {
  addVerifiedSource,
  describeCatalog,
  describeUpdate,
  reportOnSource,
  type SourceReport,
  type SourceUpdate,
  updateSource,
} from '../../catalog/manage-sources.ts';
import type { OpenCatalog } from '../../catalog/open-catalog.ts';
import {
  type CatalogSource,
  findSource,
  readSources,
  removeSource,
  type SourceSigner,
} from '../../catalog/sources.ts';
import { forgetSeen } from '../../catalog/state.ts';
import { portolanPaths } from '../../paths.ts';
import { note, print, table } from '../print.ts';
import { trustPolicyOf } from '../trust-options.ts';
import type { AddOptions } from './catalog.ts';

export async function addCatalog(source: string, options: AddOptions): Promise<void> {
  if (source === DEFAULT) return addDefault(options);
  // Says first, in the words of the command line, what is wrong with its options.
  await trustPolicyOf(options);
  const signers: SourceSigner[] = await Promise.all([
    ...(options.key ?? []).map(async (path) => ({ publicKey: await readFile(path, 'utf8') })),
    ...(options.identity && options.issuer
      ? [{ identity: options.identity, issuer: options.issuer }]
      : []),
  ]);
  const { config } = portolanPaths();
  const shipped = (await readSources(config)).length === 0 ? defaultSource() : undefined;
  const { name, opened } = await addVerifiedSource(
    {
      source,
      signers,
      ...(options.name ? { name: options.name } : {}),
      ...(options.trustedRoot ? { trustedRoot: resolve(options.trustedRoot) } : {}),
    },
    { replace: options.replace === true },
    portolanPaths(),
    note,
  );
  printAdded(name, source, opened, options);
  if (shipped && shipped.source !== source) {
    note(
      `from now on ${name} is read in place of ${shipped.source}, the catalog of this build; to read both: portolan catalog add ${DEFAULT}`,
    );
  }
}

/** What stands for the catalog of this build. */
const DEFAULT = 'default';

/** Adds the catalog of this build, which is read without being added only where there is no other. */
async function addDefault({ replace, json, name }: AddOptions): Promise<void> {
  const shipped = defaultSource();
  if (!shipped) {
    throw new PortolanError(
      'usage',
      'CATALOG_UNKNOWN',
      'this build has no catalog of its own; give an address, as oci://HOST/REPOSITORY or oci-layout:PATH',
    );
  }
  const { source } = shipped;
  const added = await addVerifiedSource(
    { ...shipped, ...(name ? { name } : {}) },
    { replace: replace === true },
    portolanPaths(),
    note,
  );
  printAdded(added.name, source, added.opened, { json });
}

function printAdded(
  name: string,
  source: string,
  opened: OpenCatalog,
  { json }: { readonly json?: true | undefined },
): void {
  const { catalog, evidence } = opened;
  const added = {
    name,
    source,
    number: catalog.number,
    servers: catalog.servers.length,
    signer: describeSigner(evidence.signer),
  };
  print(json, added, () => `${name}: ${describeCatalog(opened)}`);
}

export async function listCatalogs({ json }: { json?: true }): Promise<void> {
  const sources = await sourcesInUse(portolanPaths().config);
  print(json, sources, () =>
    sources.length === 0
      ? 'No catalog yet. Add one: portolan catalog add SOURCE --key FILE'
      : table(
          sources.map(({ name, source, signers }) => [
            name,
            source,
            signers.map(nameOf).join('; '),
          ]),
        ),
  );
}

export async function catalogStatus(
  name: string | undefined,
  { json }: { json?: true },
): Promise<void> {
  const reports: SourceReport[] = [];
  for (const source of await chosen(name)) {
    const report = await reportOnSource(source, portolanPaths(), note);
    if (!report.ok) process.exitCode = 1;
    reports.push(report);
  }
  print(json, reports, () =>
    reports.map(({ name, source, text }) => `${name}  ${source}\n${indent(text)}`).join('\n\n'),
  );
}

export async function updateCatalogs(
  name: string | undefined,
  { json }: { json?: true },
): Promise<void> {
  const updates: SourceUpdate[] = [];
  for (const source of await chosen(name)) {
    updates.push(await updateSource(source, portolanPaths(), note));
  }
  print(json, updates, () =>
    updates.map((update) => `${update.name}: ${describeUpdate(update)}`).join('\n'),
  );
}

export async function removeCatalog(name: string, { json }: { json?: true }): Promise<void> {
  const { config } = portolanPaths();
  const added = await readSources(config);
  if (added.length === 0 && defaultSource()?.name === name) {
    throw new PortolanError(
      'usage',
      'CATALOG_BUILT_IN',
      `${name} is the catalog of this build, which is read while no other was added; PORTOLAN_DEFAULT_CATALOG=none in the environment turns it off`,
    );
  }
  await removeSource(config, name);
  print(json, { name, removed: true }, () => `${name} is forgotten`);
}

export async function resetCatalog(given: string, { json }: { json?: true }): Promise<void> {
  const paths = portolanPaths();
  const source = /^(oci|oci-layout):/.test(given)
    ? given
    : findSource(await sourcesInUse(paths.config), given).source;
  const found = await forgetSeen(paths.state, source);
  print(json, { source, forgotten: found }, () =>
    found
      ? `The newest number seen of ${source} is forgotten; the next catalog that it offers is accepted if its signature holds.`
      : `Nothing was remembered of ${source}.`,
  );
}

async function chosen(name: string | undefined): Promise<readonly CatalogSource[]> {
  const sources = await sourcesInUse(portolanPaths().config);
  return name === undefined ? sources : [findSource(sources, name)];
}

function nameOf(signer: SourceSigner): string {
  return 'publicKey' in signer ? 'public key' : signer.identity;
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}
