import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { PortolanError } from '../../core/errors.ts';
import type { SitePaths } from '../build-site.ts';
import type { ListItem, ServerPage, SiteData } from './model.ts';

/** What Astro makes of site/: a function that renders any page (see site/src/renderer.ts). */
export interface Renderer {
  provide(data: {
    readonly site: SiteData;
    readonly list: readonly ListItem[];
    readonly docs: string;
  }): void;
  render(path: string, locals?: object): Promise<Uint8Array>;
  /** HTML of what a page shows of its server, without the page around it. */
  renderPart(locals: object): Promise<string>;
  structuredData(server: ServerPage): object;
  pagesOfSite(): readonly { readonly path: string; readonly locals: object }[];
}

/** Astro in a process of its own, so that its memory is free before pages are made. */
export interface Astro {
  /** Has it build, with `work/site.json` as it is now, and waits for the end. Rejects with `failed`. */
  build(): Promise<void>;
}

/**
 * Starts Astro, which loads for the better part of a second, before it is known what to build;
 * undefined when the working folder holds a renderer, for most builds need no other.
 */
export const startAstroAhead = (build: SitePaths): Astro | undefined =>
  existsSync(markOf(build)) ? undefined : startAstro(build);

const folderOf = ({ work }: SitePaths) => join(work, 'renderer');
const markOf = (build: SitePaths) => join(folderOf(build), 'mark');

function startAstro(build: SitePaths): Astro {
  const child = spawn(process.execPath, [import.meta.filename, build.root], {
    stdio: ['pipe', 'ignore', 'inherit'],
    env: {
      ...environment(),
      ASTRO_TELEMETRY_DISABLED: '1',
      PORTOLAN_SITE_DATA: build.work,
      PORTOLAN_SITE_OUT: folderOf(build),
      PORTOLAN_BASE: build.base,
    },
  });
  const ended = once(child, 'exit') as Promise<[number | null]>;
  // Told to the one that waits in build(); without one, the process ends with this one.
  ended.catch(() => {});
  child.stdin.on('error', () => {});
  child.unref();
  return {
    async build() {
      child.ref();
      child.stdin.end(GO);
      const [status] = await ended;
      if (status === 0) return;
      throw new PortolanError(
        'failed',
        'SITE_BUILD',
        `Astro could not build site/ (exit ${status}); its output above tells why`,
      );
    },
  };
}

/**
 * Builds the renderer with Astro, unless the working folder holds it already: `mark` changes with
 * all that goes into it.
 */
export async function buildRenderer(build: SitePaths, mark: string, ahead?: Astro): Promise<void> {
  const done = markOf(build);
  if (existsSync(done) && (await readFile(done, 'utf8')) === mark) return;
  await rm(folderOf(build), { recursive: true, force: true });
  await (ahead ?? startAstro(build)).build();
  await writeFile(done, mark);
}

/** Astro lets variables of these names win over its own; test runners and shells set some. */
function environment(): NodeJS.ProcessEnv {
  const { BASE_URL, MODE, DEV, PROD, SSR, SITE, NODE_ENV, ...rest } = process.env;
  return rest;
}

/** Copies styles, scripts and the public files into the site; returns their paths. */
export async function copyAssets({ work, out }: SitePaths): Promise<string[]> {
  const from = join(work, 'renderer/client');
  await cp(from, out, { recursive: true });
  const items = await readdir(from, { recursive: true, withFileTypes: true });
  return items
    .filter((item) => item.isFile())
    .map((item) => join(item.parentPath, item.name).slice(from.length + 1));
}

export async function loadRenderer(work: string): Promise<Renderer> {
  return import(pathToFileURL(join(work, 'renderer/server/renderer.mjs')).href);
}

/** What tells the process of Astro to build; when its input ends without it, nobody waits for it. */
const GO = 'build';

if (import.meta.main) {
  const { build } = await import('astro');
  if ((await text(process.stdin)) === GO) {
    await build({ root: process.argv[2] as string, logLevel: 'warn' });
  }
}
