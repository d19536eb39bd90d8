import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { PortolanError } from '../../core/errors.ts';
import type { SiteBuild } from '../build-site.ts';
import type { ListItem, SiteData } from './model.ts';

/** What Astro makes of site/: a function that renders any page (see site/src/renderer.ts). */
export interface Renderer {
  provide(data: {
    readonly site: SiteData;
    readonly list: readonly ListItem[];
    readonly docs: string;
  }): void;
  render(path: string, locals?: object): Promise<Uint8Array>;
  pagesOfSite(): readonly { readonly path: string; readonly locals: object }[];
}

/**
 * Builds the renderer with Astro, unless the working folder holds it already: `mark` changes with
 * all that goes into it. In a process of its own, so that its memory is free before pages are made.
 */
export async function buildRenderer({ root, work, base }: SiteBuild, mark: string): Promise<void> {
  const folder = join(work, 'renderer');
  const done = join(folder, 'mark');
  if (existsSync(done) && (await readFile(done, 'utf8')) === mark) return;
  await rm(folder, { recursive: true, force: true });
  const child = spawn(process.execPath, [import.meta.filename, root], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...environment(),
      ASTRO_TELEMETRY_DISABLED: '1',
      PORTOLAN_SITE_DATA: work,
      PORTOLAN_SITE_OUT: folder,
      PORTOLAN_BASE: base,
    },
  });
  const [status] = (await once(child, 'exit')) as [number | null];
  if (status !== 0) {
    throw new PortolanError(
      'failed',
      'SITE_BUILD',
      `Astro could not build site/ (exit ${status}); its output above tells why`,
    );
  }
  await writeFile(done, mark);
}

/** Astro lets variables of these names win over its own; test runners and shells set some. */
function environment(): NodeJS.ProcessEnv {
  const { BASE_URL, MODE, DEV, PROD, SSR, SITE, NODE_ENV, ...rest } = process.env;
  return rest;
}

/** Copies styles, scripts and the public files into the site; returns their paths. */
export async function copyAssets({ work, out }: SiteBuild): Promise<string[]> {
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

if (import.meta.main) {
  const { build } = await import('astro');
  await build({ root: process.argv[2] as string, logLevel: 'warn' });
}
