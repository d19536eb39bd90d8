/**
 * `npm run build:site`: the site of a published catalog. What the last build left is kept where it
 * still holds.
 *
 *   --catalog LAYOUT   the signed catalog (oci-layout:dist/catalog)
 *   --registry DIR     folder with catalog.yaml, for colours, logo and popularity (registry)
 *   --out DIR          the site's folder (dist/site)
 *   --work DIR         what the next build may use again (.portolan/site)
 *   --base PATH        path that the site will live under (/, or PORTOLAN_BASE)
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { CatalogServer } from '../core/entry/types.generated.ts';
import { forEachLimited } from './publisher/limited.ts';
import { runScript } from './run-script.ts';
import { listItem, siteData } from './site/compile.ts';
import { buildFullText, textPath } from './site/full-text.ts';
import { writeList } from './site/list-file.ts';
import { fullTextParts, type ListItem, type SiteData } from './site/model.ts';
import { collectGarbage, plannedServers, planServers } from './site/plan.ts';
import { openPool, type Pool } from './site/pool.ts';
import { type Publication, readPublication } from './site/publication.ts';
import { sanitizeSvg } from './site/readme.ts';
import { type Astro, buildRenderer, copyAssets, startAstroAhead } from './site/renderer.ts';
import { shortHash } from './site/signature.ts';
import { type AnySlice, SLICES, type SliceResult, sliceOf } from './site/slice.ts';
import { type BuildState, type ServerFacts, saveState, takeState } from './site/state.ts';
import { removeFile } from './site/write.ts';

/** Where a site is built from and to. Paths are absolute. */
export interface SitePaths {
  /** Folder of this repository. */
  readonly root: string;
  /** Folder that the site is written to. */
  readonly out: string;
  /** Working folder; what it holds makes the next build quicker, and may be deleted. */
  readonly work: string;
  /** Path that the site will live under, e.g. `/` or `/catalog/`. */
  readonly base: string;
}

export interface SiteBuild extends SitePaths {
  readonly log?: (line: string) => void;
  /** Astro, when it was started ahead. */
  readonly astro?: Astro | undefined;
  /** Servers above which a catalog is huge (20,000); lower in tests only. */
  readonly hugeAbove?: number;
}

/** Builds the whole site of a publication; with what an earlier build left, only what changed. */
export async function buildSite(publication: Publication, build: SiteBuild): Promise<void> {
  const { log = () => {}, astro, hugeAbove, ...paths } = build;
  const { root, out, work, base } = paths;
  await mkdir(work, { recursive: true });
  const site = siteData(publication, hugeAbove);
  await writeFile(join(work, 'site.json'), JSON.stringify(site));
  const code = await hashOf(root, CODE);
  const mark = shortHash(JSON.stringify([code, base, shellOf(site)]));
  const before = await startFrom(await takeState(work), mark, out);

  const rendererMark = shortHash(JSON.stringify([code, base, site.theme]));
  let plan: readonly AnySlice[] | undefined;
  if (site.huge) {
    // One thing after the other: the catalog, Astro, threads and Pagefind each take much memory.
    plan = await planSlices(publication, before, mark, work);
    publication.release?.();
    collectGarbage();
    await buildRenderer(paths, rendererMark, astro);
  }
  const open = () =>
    openPool({ build: paths, site, reader: publication.reader }, { here: !site.large });
  let pool = open();
  try {
    const renderer = buildRenderer(paths, rendererMark, astro)
      .then(() => pool.grow())
      .then(() => pool.runOnEach({ kind: 'renderer' }));
    // Awaited below; until then a failure must not end the process unheard.
    renderer.catch(() => {});
    plan ??= await planSlices(publication, before, mark);
    const slices = await writeSlices(plan, before, pool);
    const kept = keeper(before);
    const docs = await hashOf(root, ['docs']);
    const { promise: room, resolve: makeRoom } = Promise.withResolvers<void>();
    const writeTexts = () =>
      writeFullText({ build: paths, site, slices: slices.keys, docs, mark, kept, room });
    if (site.huge) {
      // The threads so far make room for a new one: the list of all servers fills it.
      await renderer;
      await pool.close();
      collectGarbage();
      pool = open();
      await pool.runOnEach({ kind: 'renderer' });
    }
    // Pagefind works in processes of its own, which need no renderer: it is the longest part of what
    // is left, so it starts first.
    const fullText = writeTexts();
    fullText.catch(() => {});
    if (!site.huge) makeRoom();
    await renderer;
    await pool.runOnEach({ kind: 'flush' });
    log(
      `${site.count} servers: ${slices.rendered} rendered, ${site.count - slices.rendered} unchanged`,
    );
    const servers = site.huge ? plannedServers(work) : publication.catalog.servers;
    const list = listOf(servers, slices.facts, publication.downloads);
    await writeLists({ build: paths, publication, site, list, pool, docs, mark, kept });
    if (site.huge) await pool.close();
    makeRoom();
    await fullText;
    const assets = await copyAssets(paths);
    const state: BuildState = {
      mark,
      out,
      keys: { ...slices.keys, ...kept.keys },
      files: { ...slices.files, ...kept.files, assets },
      servers: slices.facts,
    };
    const removed = await removeOld(before, state);
    await saveState(work, state);
    log(`${removed} old files removed`);
  } finally {
    await pool.close();
  }
}

/** The list of all servers, one made after the other: as a whole it would double what memory holds. */
async function* listOf(
  servers: AsyncIterable<CatalogServer> | Iterable<CatalogServer>,
  facts: Readonly<Record<string, ServerFacts>>,
  downloads: Publication['downloads'],
) {
  for await (const server of servers) {
    const item = listItem(server, facts[server.name] as ServerFacts);
    const known = downloads[server.name];
    yield known === undefined ? item : { ...item, downloads: known };
  }
}

type Before = Pick<BuildState, 'files' | 'keys' | 'servers'>;
const NOTHING: Before = { files: {}, keys: {}, servers: {} };

/**
 * What of the last build holds still. Files of others stay: the APIs are written into the same
 * folder by a script of their own. A folder that no known build wrote is emptied.
 */
async function startFrom(
  state: BuildState | undefined,
  mark: string,
  out: string,
): Promise<Before> {
  if (state?.out !== out) {
    await rm(out, { recursive: true, force: true });
    return NOTHING;
  }
  // Looked up one by one: to list ten thousand folders takes ten times as long.
  const whole = Object.values(state.files).every((paths) =>
    paths.every((path) => existsSync(join(out, path))),
  );
  return state.mark === mark && whole ? state : { ...NOTHING, files: state.files };
}

const LOOKUPS_AT_ONCE = 64;

/**
 * Divides the servers into slices, with what the last build knew of each. With `work` the servers
 * themselves go into a file there.
 */
async function planSlices(
  publication: Publication,
  before: Before,
  mark: string,
  work?: string,
): Promise<readonly AnySlice[]> {
  const { servers } = publication.catalog;
  const slices = new Map<number, AnySlice & { readonly servers: AnySlice['servers'][number][] }>();
  const names = new Set(servers.map(({ name }) => name));
  const gone = Object.keys(before.servers).filter((name) => !names.has(name));
  const signatures = new Map<string, string | undefined>();
  await forEachLimited(servers, LOOKUPS_AT_ONCE, async ({ name, versions }) => {
    const [newest] = versions;
    if (newest) signatures.set(name, await publication.signatureOf(newest.digest));
  });
  const places = work === undefined ? undefined : await planServers(servers, work);
  for (const [index, server] of servers.entries()) {
    const signature = signatures.get(server.name);
    const key = shortHash(JSON.stringify([server, signature, mark]));
    const known = before.servers[server.name];
    const id = sliceOf(server.name);
    const slice = slices.get(id) ?? {
      id,
      servers: [],
      gone: gone.filter((name) => sliceOf(name) === id),
    };
    slice.servers.push({
      server: places?.[index] ?? server,
      key,
      ...(signature ? { signature } : {}),
      ...(known?.key === key ? { known } : {}),
    });
    slices.set(id, slice);
  }
  return [...slices.values()];
}

/** Writes everything of single servers, slice by slice. Slices in which nothing changed are kept. */
async function writeSlices(slices: readonly AnySlice[], before: Before, pool: Pool) {
  const files: Record<string, readonly string[]> = {};
  const facts: Record<string, ServerFacts> = {};
  const sliceKeys: Record<string, string> = {};
  let rendered = 0;
  await Promise.all(
    slices.map(async (slice) => {
      const name = `slice-${slice.id}`;
      const key = shortHash(slice.servers.map((one) => one.key).join());
      sliceKeys[name] = key;
      const old = before.files[name];
      if (old && before.keys[name] === key) {
        files[name] = old;
        for (const { server, known } of slice.servers) if (known) facts[server.name] = known;
        return;
      }
      const result = await pool.run<SliceResult>({ kind: 'slice', slice });
      files[name] = result.files;
      Object.assign(facts, result.facts);
      rendered += result.rendered;
    }),
  );
  return { files, facts, rendered, keys: sliceKeys };
}

/** What is made of all servers, each under a name. */
interface Keeper {
  /** Does `work`, which returns the files that it wrote, unless the last build did it for this key. */
  (name: string, key: string, work: () => Promise<readonly string[]>): Promise<void>;
  readonly keys: Record<string, string>;
  readonly files: Record<string, readonly string[]>;
}

function keeper(before: Before): Keeper {
  const keys: Record<string, string> = {};
  const files: Record<string, readonly string[]> = {};
  const keep = async (name: string, key: string, work: () => Promise<readonly string[]>) => {
    keys[name] = key;
    const old = before.files[name];
    files[name] = old && before.keys[name] === key ? old : await work();
  };
  return Object.assign(keep, { keys, files });
}

interface Shared {
  readonly build: SitePaths;
  readonly site: SiteData;
  /** Digest of the documentation. */
  readonly docs: string;
  readonly mark: string;
  readonly kept: Keeper;
}

/** Parts of the full-text index at the same time, each in a process of its own. */
const PARTS_AT_ONCE = 2;

/**
 * Writes the parts of the full-text index whose texts changed. The second waits until there is `room`
 * in memory, so that until then the others are made one after the other.
 */
async function writeFullText({
  build,
  site,
  slices,
  docs,
  mark,
  kept,
  room,
}: Shared & {
  readonly slices: Readonly<Record<string, string>>;
  readonly room: Promise<void>;
}): Promise<void> {
  const parts = fullTextParts(site.count);
  const wide = SLICES / parts;
  const ids = [...Array(SLICES).keys()].filter((id) => slices[`slice-${id}`]);
  await forEachLimited([...Array(parts).keys()], PARTS_AT_ONCE, async (part) => {
    if (part === 1) await room;
    const own = ids.filter((id) => Math.floor(id / wide) === part);
    // Their texts, not the slices' own keys: a new signature changes pages, and no text.
    const texts = await hashOf(build.work, own.map(textPath));
    const key = shortHash(JSON.stringify([texts, part ? '' : docs, mark, parts]));
    return kept(`full-text-${part}`, key, () => buildFullText(build, part, parts, own));
  });
}

/** Writes pages and files that show the whole catalog, when anything of it changed. */
async function writeLists({
  build,
  publication,
  site,
  list,
  pool,
  docs,
  mark,
  kept,
}: Shared & {
  readonly publication: Publication;
  readonly list: AsyncIterable<ListItem>;
  readonly pool: Pool;
}): Promise<void> {
  const text = await writeList(build.work, list);
  if (site.huge) collectGarbage();
  const key = shortHash(JSON.stringify([mark, site, docs, text]));
  const logo = sanitizeSvg(publication.logo ?? '');
  const pieces = site.large ? 8 : 2;
  await Promise.all([
    kept('indexes', key, () => pool.run({ kind: 'indexes', logo })),
    ...Array.from({ length: pieces }, (_, part) =>
      kept(`lists-${part}`, key, () => pool.run({ kind: 'lists', part, of: pieces })),
    ),
  ]);
}

async function removeOld(before: Before, { out, files }: BuildState): Promise<number> {
  const keep = new Set(Object.values(files).flat());
  const old = Object.values(before.files)
    .flat()
    .filter((path) => !keep.has(path));
  for (const path of new Set(old)) await removeFile(out, path);
  return new Set(old).size;
}

/** What the page of a server shows of the catalog: its identity, not what else is in it. */
const shellOf = (site: SiteData) => ({
  ...site,
  count: 0,
  number: 0,
  commit: '',
  digest: '',
  categories: site.categories.map(({ id, title }) => [id, title]),
});

/** All that pages are made with. */
const CODE = ['site', 'scripts/site', 'core', 'schemas', 'astro.config.mjs', 'package-lock.json'];

/** Digest of files, and of all files in folders. */
async function hashOf(root: string, paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const path of paths) {
    const items = await readdir(join(root, path), { recursive: true, withFileTypes: true }).catch(
      () => undefined,
    );
    const files = items
      ?.filter((item) => item.isFile())
      .map((item) => join(item.parentPath, item.name));
    for (const file of files?.sort() ?? [join(root, path)]) {
      hash.update(file).update(await readFile(file));
    }
  }
  return hash.digest('hex');
}

async function main(): Promise<void> {
  const root = resolve(import.meta.dirname, '..');
  const { values } = parseArgs({
    options: {
      catalog: { type: 'string', default: 'oci-layout:dist/catalog' },
      registry: { type: 'string', default: 'registry' },
      out: { type: 'string', default: 'dist/site' },
      work: { type: 'string', default: '.portolan/site' },
      base: { type: 'string' },
    },
  });
  const started = performance.now();
  const build: SiteBuild = {
    root,
    out: resolve(root, values.out),
    work: resolve(root, values.work),
    base: values.base ?? process.env.PORTOLAN_BASE ?? '/',
    log: (line) => console.error(`site: ${line}`),
  };
  const astro = startAstroAhead(build);
  const layout = values.catalog.replace(/^oci-layout:/, '');
  const publication = await readPublication(resolve(root, layout), resolve(root, values.registry));
  await buildSite(publication, { ...build, astro });
  console.error(`site: ${values.out} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

if (import.meta.main) await runScript(main);
