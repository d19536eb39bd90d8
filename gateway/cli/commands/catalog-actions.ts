import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { PortolanError } from '../../../core/errors.ts';
import { describeSigner } from '../../../core/trust/verify.ts';
import { type OpenCatalog, openCatalog } from '../../catalog/open-catalog.ts';
import {
  addSource,
  type CatalogSource,
  findSource,
  policyOf,
  readSources,
  removeSource,
  type SourceSigner,
} from '../../catalog/sources.ts';
import { forgetSeen, readSeen } from '../../catalog/state.ts';
import { portolanPaths } from '../../paths.ts';
import { note, print, table } from '../print.ts';
import { trustPolicyOf } from '../trust-options.ts';
import type { AddOptions } from './catalog.ts';

export async function addCatalog(given: string, options: AddOptions): Promise<void> {
  const paths = portolanPaths();
  const source = given.startsWith('oci-layout:')
    ? `oci-layout:${resolve(given.slice('oci-layout:'.length))}`
    : given;
  const policy = await trustPolicyOf(options);
  const opened = await openCatalog(source, policy, openOptions());
  const name = options.name ?? shortName(opened.catalog.title);
  const signers: SourceSigner[] = await Promise.all([
    ...(options.key ?? []).map(async (path) => ({ publicKey: await readFile(path, 'utf8') })),
    ...(options.identity && options.issuer
      ? [{ identity: options.identity, issuer: options.issuer }]
      : []),
  ]);
  await addSource(
    paths.config,
    {
      name,
      source,
      signers,
      ...(options.trustedRoot ? { trustedRoot: resolve(options.trustedRoot) } : {}),
    },
    { replace: options.replace === true },
  );
  const { catalog, evidence } = opened;
  const added = {
    name,
    source,
    number: catalog.number,
    servers: catalog.servers.length,
    signer: describeSigner(evidence.signer),
  };
  print(options.json, added, () => `${name}: ${describe(opened)}`);
}

export async function listCatalogs({ json }: { json?: true }): Promise<void> {
  const sources = await readSources(portolanPaths().config);
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
  const paths = portolanPaths();
  const reports: { name: string; source: string; ok: boolean; text: string }[] = [];
  for (const source of await chosen(name)) {
    const seen = await readSeen(paths.state, source.source);
    try {
      const opened = await openCatalog(source.source, await policyOf(source), openOptions());
      const report = {
        name: source.name,
        source: source.source,
        ok: true,
        number: opened.catalog.number,
        digest: opened.descriptor.digest,
        signer: describeSigner(opened.evidence.signer),
        servers: opened.catalog.servers.length,
        offline: opened.offline,
        ...(opened.freshness ? { freshness: opened.freshness } : {}),
        ...(opened.catalog.development ? { development: true } : {}),
        text: explain(opened),
      };
      reports.push(report);
    } catch (error) {
      if (!(error instanceof PortolanError)) throw error;
      process.exitCode = 1;
      const report = {
        name: source.name,
        source: source.source,
        ok: false,
        code: error.code,
        ...(seen ? { newestSeen: seen } : {}),
        text: `NOT USABLE (${error.code})\n${error.message}`,
      };
      reports.push(report);
    }
  }
  print(json, reports, () =>
    reports.map(({ name, source, text }) => `${name}  ${source}\n${indent(text)}`).join('\n\n'),
  );
}

export async function updateCatalogs(
  name: string | undefined,
  { json }: { json?: true },
): Promise<void> {
  const paths = portolanPaths();
  const updates: CatalogUpdate[] = [];
  for (const source of await chosen(name)) {
    const seen = await readSeen(paths.state, source.source);
    const opened = await openCatalog(source.source, await policyOf(source), openOptions());
    updates.push({
      name: source.name,
      number: opened.catalog.number,
      offline: opened.offline,
      ...(seen && { before: seen.number }),
    });
  }
  print(json, updates, () => updates.map(describeUpdate).join('\n'));
}

interface CatalogUpdate {
  readonly name: string;
  readonly number: number;
  /** Newest number seen before. */
  readonly before?: number;
  readonly offline: boolean;
}

function describeUpdate({ name, number, before, offline }: CatalogUpdate): string {
  const isNew = before !== undefined && before < number;
  const what = isNew ? `catalog ${before} -> ${number}` : `catalog ${number}, nothing new`;
  return `${name}: ${offline ? 'offline, ' : ''}${what}`;
}

export async function removeCatalog(name: string, { json }: { json?: true }): Promise<void> {
  await removeSource(portolanPaths().config, name);
  print(json, { name, removed: true }, () => `${name} is forgotten`);
}

export async function resetCatalog(given: string, { json }: { json?: true }): Promise<void> {
  const paths = portolanPaths();
  const source = /^(oci|oci-layout):/.test(given)
    ? given
    : findSource(await readSources(paths.config), given).source;
  const found = await forgetSeen(paths.state, source);
  print(json, { source, forgotten: found }, () =>
    found
      ? `The newest number seen of ${source} is forgotten; the next catalog that it offers is accepted if its signature holds.`
      : `Nothing was remembered of ${source}.`,
  );
}

function openOptions() {
  const paths = portolanPaths();
  return { stateDir: paths.state, cacheDir: paths.cache, log: note };
}

async function chosen(name: string | undefined): Promise<readonly CatalogSource[]> {
  const sources = await readSources(portolanPaths().config);
  return name === undefined ? sources : [findSource(sources, name)];
}

function describe({ catalog, evidence }: OpenCatalog): string {
  return `catalog ${catalog.number} with ${catalog.servers.length} servers, signed by ${describeSigner(evidence.signer)}`;
}

/** A verified catalog in words. */
function explain(opened: OpenCatalog): string {
  const { catalog, freshness, offline } = opened;
  return [
    `Verified: ${describe(opened)}.`,
    offline
      ? 'The source does not answer; this is what was fetched before.'
      : 'It is not older than any catalog seen of this source.',
    freshness
      ? `Its owner said on ${freshness.issued} that catalog ${freshness.number} is the newest, and that this holds until ${freshness.expires}.`
      : 'It has no freshness statement: a folder is as old as the day on which it was copied.',
    ...(catalog.development
      ? ['A development key signs it: trust it on the machine that made it only.']
      : []),
  ].join('\n');
}

function nameOf(signer: SourceSigner): string {
  return 'publicKey' in signer ? 'public key' : signer.identity;
}

function shortName(title: string): string {
  const name = title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return name || 'catalog';
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}
