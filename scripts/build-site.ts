import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { PortolanError } from '../core/errors.ts';
import { compile } from './site/compile.ts';
import type { SiteData } from './site/model.ts';
import { type Publication, readPublication } from './site/publication.ts';
import { renderPages } from './site/render.ts';
import { removeFile } from './site/write.ts';

/** Where a site is built from and to. Paths are relative to the repository. */
export interface SiteBuild {
  /** Folder of this repository. */
  readonly root: string;
  /** Folder that the site is written to. */
  readonly out: string;
  /** Working folder; what it holds makes the next build quicker, and may be deleted. */
  readonly work: string;
  /** Path that the site will live under, e.g. `/` or `/catalog/`. */
  readonly base: string;
  readonly log?: (line: string) => void;
}

/** Builds the whole site of a publication; with what an earlier build left, only what changed. */
export async function buildSite(publication: Publication, build: SiteBuild): Promise<void> {
  const { log = () => {}, work } = build;
  const code = await codeHash(build.root);
  await startClean(build);
  const { compiled, reused } = await compile(publication, work, code);
  collectGarbage();
  log(`${publication.catalog.servers.length} servers: ${compiled} compiled, ${reused} unchanged`);
  const [{ rendered, files }, extras] = await Promise.all([
    renderPages(build, await shellHash(work, code)),
    writeExtras(build),
  ]);
  const removed = await removeOld(build, [...extras, ...files]);
  log(`${rendered} pages of servers rendered, ${removed} old files removed`);
}

/** Compiling leaves hundreds of megabytes behind, which would stay while pages are rendered. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}

/** What the last build wrote, by its folder. */
interface Written {
  readonly out: string;
  readonly files: readonly string[];
}

async function readWritten({ work, out }: SiteBuild): Promise<Written | undefined> {
  const path = join(work, 'written.json');
  if (!existsSync(path)) return undefined;
  const written = JSON.parse(await readFile(path, 'utf8')) as Written;
  return written.out === out ? written : undefined;
}

/** Empties the folder of the site unless the last build that wrote there is known. */
async function startClean(build: SiteBuild): Promise<void> {
  if (!(await readWritten(build))) await rm(build.out, { recursive: true, force: true });
}

/**
 * Removes what the last build wrote and this one did not. Files of others stay: the APIs are
 * written into the same folder by a script of their own.
 */
async function removeOld(build: SiteBuild, files: readonly string[]): Promise<number> {
  const keep = new Set(files);
  const before = (await readWritten(build))?.files ?? [];
  const old = before.filter((path) => !keep.has(path));
  for (const path of old) await removeFile(build.out, path);
  const written: Written = { out: build.out, files };
  await writeFile(join(build.work, 'written.json'), JSON.stringify(written));
  return old.length;
}

/** What every page shows besides its own server: code, and the catalog's identity. */
async function shellHash(work: string, code: string): Promise<string> {
  const site = JSON.parse(await readFile(join(work, 'site.json'), 'utf8')) as SiteData;
  return JSON.stringify([
    code,
    {
      ...site,
      count: 0,
      number: 0,
      commit: '',
      digest: '',
      categories: site.categories.map(({ id, title }) => [id, title]),
    },
  ]);
}

/** Indexes, JSON, feeds and images, in a process of their own; returns what it wrote. */
async function writeExtras({ root, work, out, base }: SiteBuild): Promise<ReadonlySet<string>> {
  const argument = JSON.stringify({ root, work, out, base });
  const child = spawn(process.execPath, [join(root, 'scripts/site/extras.ts'), argument], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [status] = (await once(child, 'exit')) as [number | null];
  if (status !== 0) {
    throw new PortolanError(
      'failed',
      'SITE_BUILD',
      `the indexes and feeds of the site could not be written (exit ${status}); its output above tells why`,
    );
  }
  return new Set(JSON.parse(await readFile(join(work, 'extras.json'), 'utf8')) as string[]);
}

/** Digest of all the code that pages depend on. */
async function codeHash(root: string): Promise<string> {
  const hash = createHash('sha256');
  for (const folder of ['site', 'scripts/site', 'core', 'schemas']) {
    const names = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
    const files = names
      .filter((item) => item.isFile())
      .map((item) => join(item.parentPath, item.name));
    for (const path of files.sort()) hash.update(path).update(await readFile(path));
  }
  for (const name of ['astro.config.mjs', 'package-lock.json']) {
    hash.update(await readFile(join(root, name)));
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
  const layout = values.catalog.replace(/^oci-layout:/, '');
  const publication = await readPublication(resolve(root, layout), resolve(root, values.registry));
  const started = performance.now();
  await buildSite(publication, {
    root,
    out: resolve(root, values.out),
    work: resolve(root, values.work),
    base: values.base ?? process.env.PORTOLAN_BASE ?? '/',
    log: (line) => console.error(`site: ${line}`),
  });
  console.error(`site: ${values.out} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof PortolanError)) throw error;
    console.error(`${error.code}: ${error.message}`);
    process.exitCode = 1;
  }
}
