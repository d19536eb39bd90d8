import type { CatalogServer } from '../../core/entry/types.generated.ts';
import { PAGE_PER_SERVER_LIMIT } from '../../core/registry-api/page-address.ts';
import { changesBetween } from './changes.ts';
import {
  FILES_PER_SERVER_LIMIT,
  type ListItem,
  type ServerPage,
  type SiteData,
  type VersionOfServer,
} from './model.ts';
import type { Publication, PublishedVersion, Reader } from './publication.ts';
import { renderReadme, sanitizeSvg } from './readme.ts';
import { areTooMany } from './schema-rows.ts';
import type { ServerFacts } from './state.ts';

/** Bytes of an icon that a page of a large catalog holds itself, instead of a file for each. */
const MOST_INLINE = 4096;

/** All that a server's page shows, and its icon where that is a file of its own. */
export interface Compiled {
  readonly page: ServerPage;
  readonly icon?: string | undefined;
}

/** Reads a server's versions and makes its page. `signed` is the manifest of its signature. */
export function compileServer(
  reader: Reader,
  server: CatalogServer,
  signed: string | undefined,
  large: boolean,
): Compiled {
  const history: VersionOfServer[] = [];
  let newest: PublishedVersion | undefined;
  let after: PublishedVersion | undefined;
  for (const version of server.versions) {
    const content = reader.readVersion(server, version);
    if (after) {
      const last = history.at(-1);
      if (last) history[history.length - 1] = { ...last, changes: changesBetween(content, after) };
    }
    newest ??= content;
    after = content;
    const { version: number, digest, status, publishedAt } = version;
    history.push({ version: number, digest, status, ...(publishedAt ? { publishedAt } : {}) });
  }
  const [current] = server.versions;
  if (!newest || !current) throw new TypeError(`${server.name} has no version`);
  const icon = newest.icon && sanitizeSvg(newest.icon);
  const { entry, tools, readme, lock, sbom } = newest;
  const signature = reader.readSignature(signed);
  const page: ServerPage = {
    item: listItem(server, { icon: icon !== undefined && !large, signature }),
    ...(large && icon && icon.length < MOST_INLINE ? { icon } : {}),
    entry,
    tools: tools?.tools ?? [],
    toolsApart: areTooMany(tools?.tools ?? []),
    ...(tools ? { capturedFrom: tools.capturedFrom } : {}),
    prompts: (tools?.prompts ?? []).map(({ name, ...rest }) => ({
      name,
      ...('description' in rest && typeof rest.description === 'string'
        ? { description: rest.description }
        : {}),
    })),
    resources: (tools?.resources?.length ?? 0) + (tools?.resourceTemplates?.length ?? 0),
    ...(readme ? { readme: renderReadme(readme, entry.links.source) } : {}),
    digest: current.digest,
    signature,
    ...(lock ? { lock } : {}),
    ...(sbom ? { sbom } : {}),
    history,
  };
  return large || !icon ? { page } : { page, icon };
}

/** A server's line in lists. */
export function listItem(
  server: CatalogServer,
  { icon, signature }: Pick<ServerFacts, 'icon' | 'signature'>,
): ListItem {
  const { summary, versions, name } = server;
  const [current] = versions;
  const first = versions.at(-1);
  return {
    name,
    title: summary.title,
    description: summary.description,
    kind: summary.kind,
    categories: summary.categories,
    tags: summary.tags,
    license: summary.license,
    publisher: summary.publisher,
    ...(summary.publisherVerified ? { verified: summary.publisherVerified } : {}),
    toolNames: summary.tools,
    dynamicTools: summary.dynamicTools === true,
    network: summary.network,
    signIn: summary.signIn,
    secrets: summary.secrets,
    status: current?.status ?? 'active',
    ...(summary.replacement ? { replacement: summary.replacement } : {}),
    version: current?.version ?? '',
    versions: versions.length,
    ...(first?.publishedAt ? { added: first.publishedAt } : {}),
    ...(current?.publishedAt ? { updated: current.publishedAt } : {}),
    icon,
    signature,
  };
}

/** What all pages share. A catalog of more than `limit` servers is huge. */
export function siteData(publication: Publication, limit = PAGE_PER_SERVER_LIMIT): SiteData {
  const { catalog, config, signature, digest } = publication;
  const huge = catalog.servers.length > limit;
  const counts = new Map<string, number>();
  for (const { summary, versions } of catalog.servers) {
    if (versions[0]?.status === 'withdrawn') continue;
    for (const id of summary.categories) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return {
    title: catalog.title,
    description: catalog.description,
    namespace: catalog.namespace,
    source: catalog.source.replace(/\/$/, ''),
    branch: config.branch ?? 'main',
    repository: config.repository,
    ...(catalog.site ? { origin: catalog.site.replace(/\/$/, '') } : {}),
    signers: config.signers ?? [],
    theme: config.theme ?? {},
    logo: Boolean(publication.logo && sanitizeSvg(publication.logo)),
    number: catalog.number,
    ...(catalog.commit ? { commit: catalog.commit } : {}),
    digest,
    development: catalog.development === true,
    signature,
    categories: catalog.categories.map((category) => ({
      ...category,
      count: counts.get(category.id) ?? 0,
    })),
    count: catalog.servers.length,
    large: huge || catalog.servers.length > FILES_PER_SERVER_LIMIT,
    huge,
  };
}
