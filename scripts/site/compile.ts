import { closeSync, openSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CatalogServer } from '../../core/entry/types.generated.ts';
import { changesBetween } from './changes.ts';
import { readLine, type ServerLocation } from './location.ts';
import {
  FILES_PER_SERVER_LIMIT,
  type ListItem,
  type ServerPage,
  type SiteData,
  type VersionOfServer,
} from './model.ts';
import type { Publication, PublishedVersion } from './publication.ts';
import { renderReadme, sanitizeSvg } from './readme.ts';
import { shortHash } from './signature.ts';

const NEWLINE = Buffer.from('\n');
/** Lines in one write. */
const AT_ONCE = 64;
/** Bytes of an icon that a page of a large catalog holds itself, instead of a file for each. */
const MOST_INLINE = 4096;

/**
 * Reads a publication once and writes what the rest of the build works from into `folder`:
 * site.json, list.json, servers.ndjson (one page a line), locations.json and icons.json.
 * Versions whose digests were compiled before with the same `code` are taken from there.
 */
export async function compile(
  publication: Publication,
  folder: string,
  code: string,
): Promise<{ readonly compiled: number; readonly reused: number }> {
  await mkdir(folder, { recursive: true });
  const old = await openOld(folder, code);
  // Written again at the end: a build that is cut off in between leaves nothing to rely on.
  await rm(join(folder, 'code'), { force: true });
  const list: ListItem[] = [];
  const locations: ServerLocation[] = [];
  const icons: Record<string, string> = {};
  const out = await open(join(folder, 'servers.ndjson.new'), 'w');
  let offset = 0;
  let reused = 0;
  const large = publication.catalog.servers.length > FILES_PER_SERVER_LIMIT;
  try {
    let lines: Buffer[] = [];
    for (const server of publication.catalog.servers) {
      const key = shortHash(JSON.stringify([server, code, large]));
      const known = old?.read(server.name, key);
      if (known) reused += 1;
      const { item, icon, line } = known ?? compileServer(publication, server, large);
      locations.push({ name: item.name, offset, length: line.length, key });
      offset += line.length + NEWLINE.length;
      list.push(item);
      if (icon) icons[item.name] = icon;
      lines.push(line, NEWLINE);
      if (lines.length >= AT_ONCE) {
        await out.write(Buffer.concat(lines));
        lines = [];
      }
    }
    await out.write(Buffer.concat(lines));
  } finally {
    await out.close();
    old?.close();
  }
  await rename(join(folder, 'servers.ndjson.new'), join(folder, 'servers.ndjson'));
  await Promise.all([
    writeFile(join(folder, 'site.json'), JSON.stringify(siteData(publication, list))),
    writeFile(join(folder, 'list.json'), JSON.stringify(list)),
    writeFile(join(folder, 'icons.json'), JSON.stringify(icons)),
    writeFile(join(folder, 'locations.json'), JSON.stringify(locations)),
    writeFile(join(folder, 'logo.svg'), sanitizeSvg(publication.logo ?? '') ?? ''),
  ]);
  await writeFile(join(folder, 'code'), code);
  return { compiled: list.length - reused, reused };
}

/** A server's line of servers.ndjson, with what goes into files of its own. */
interface Compiled {
  readonly item: ListItem;
  readonly icon?: string | undefined;
  readonly line: Buffer;
}

function compileServer(publication: Publication, server: CatalogServer, large: boolean): Compiled {
  const history: VersionOfServer[] = [];
  let newest: PublishedVersion | undefined;
  let after: PublishedVersion | undefined;
  for (const version of server.versions) {
    const content = publication.readVersion(server, version);
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
  const page: ServerPage = {
    item: listItem(server, Boolean(icon) && !large),
    ...(large && icon && icon.length < MOST_INLINE ? { icon } : {}),
    entry,
    tools: tools?.tools ?? [],
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
    ...(lock ? { lock } : {}),
    ...(sbom ? { sbom } : {}),
    history,
  };
  return {
    item: page.item,
    icon: large ? undefined : icon,
    line: Buffer.from(JSON.stringify(page)),
  };
}

function listItem(server: CatalogServer, icon: boolean): ListItem {
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
  };
}

function siteData(publication: Publication, list: readonly ListItem[]): SiteData {
  const { catalog, config, signature, digest } = publication;
  const counts = new Map<string, number>();
  for (const { categories, status } of list) {
    if (status === 'withdrawn') continue;
    for (const id of categories) counts.set(id, (counts.get(id) ?? 0) + 1);
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
    count: list.length,
    large: list.length > FILES_PER_SERVER_LIMIT,
  };
}

async function openOld(folder: string, code: string) {
  const read = async <T>(name: string) =>
    JSON.parse(await readFile(join(folder, name), 'utf8')) as T;
  try {
    if ((await readFile(join(folder, 'code'), 'utf8')) !== code) return undefined;
    const locations = await read<ServerLocation[]>('locations.json');
    const list = await read<ListItem[]>('list.json');
    const icons = await read<Record<string, string>>('icons.json');
    const byName = new Map(
      locations.map((location, index) => [location.name, { location, index }]),
    );
    const file = openSync(join(folder, 'servers.ndjson'), 'r');
    return {
      read(name: string, key: string): Compiled | undefined {
        const known = byName.get(name);
        const item = known && list[known.index];
        if (!item || known.location.key !== key) return undefined;
        return { item, icon: icons[name], line: readLine(file, known.location) };
      },
      close: () => closeSync(file),
    };
  } catch {
    // No earlier build, or one that was cut off: everything is compiled.
    return undefined;
  }
}
