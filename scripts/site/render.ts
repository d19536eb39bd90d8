import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AstroIntegration, build } from 'astro';
import type { SiteBuild } from '../build-site.ts';
import type { ServerLocation } from './location.ts';
import { shortHash } from './signature.ts';

/**
 * Renders the pages with Astro. Pages of servers that did not change since the last build into the
 * same folder are kept: `shell` must change with everything else that they show.
 */
export async function renderPages(
  { root, out, work, base }: SiteBuild,
  shell: string,
): Promise<{ readonly rendered: number; readonly files: ReadonlySet<string> }> {
  process.env.ASTRO_TELEMETRY_DISABLED = '1';
  // Astro lets variables of these names win over its own; test runners and shells set some.
  for (const name of ['BASE_URL', 'MODE', 'DEV', 'PROD', 'SSR', 'SITE']) delete process.env[name];
  process.env.PORTOLAN_SITE_DATA = work;
  process.env.PORTOLAN_SITE_OUT = out;
  process.env.PORTOLAN_BASE = base;
  const locations = JSON.parse(
    await readFile(join(work, 'locations.json'), 'utf8'),
  ) as ServerLocation[];
  const state = join(work, 'rendered.json');
  const mark = shortHash(JSON.stringify([shell, out, base]));
  const before = await readState(state, mark, out);
  // While pages are written the state is not true: a build that is cut off must start over.
  await rm(state, { force: true });
  const changed = locations.filter(({ name, key }) => before.get(name) !== key);
  await writeFile(join(work, 'render.json'), JSON.stringify(changed.map(({ name }) => name)));
  const files = new Set(await readdir(join(root, 'site/public')));
  for (const { name } of locations) files.add(`servers/${name}/index.html`);
  await build({ root, logLevel: 'warn', integrations: [recordFiles(files)] });
  const after = Object.fromEntries(locations.map(({ name, key }) => [name, key]));
  await writeFile(state, JSON.stringify({ mark, servers: after }));
  return { rendered: changed.length, files };
}

async function readState(path: string, mark: string, out: string): Promise<Map<string, string>> {
  try {
    const state = JSON.parse(await readFile(path, 'utf8')) as {
      mark: string;
      servers: Record<string, string>;
    };
    if (state.mark !== mark) return new Map();
    const there = new Set(await readdir(join(out, 'servers')));
    return new Map(Object.entries(state.servers).filter(([name]) => there.has(name)));
  } catch {
    return new Map();
  }
}

/** Notes every file that a build of Astro writes. */
function recordFiles(files: Set<string>): AstroIntegration {
  return {
    name: 'portolan-files',
    hooks: {
      'astro:config:setup': ({ updateConfig }) => {
        const plugin = {
          name: 'portolan-files',
          generateBundle(_options: unknown, bundle: Readonly<Record<string, unknown>>) {
            for (const name of Object.keys(bundle)) files.add(name);
          },
        };
        updateConfig({ vite: { plugins: [plugin] } });
      },
      'astro:build:done': ({ pages }) => {
        for (const { pathname } of pages) {
          files.add(/^404\/?$/.test(pathname) ? '404.html' : `${pathname}index.html`);
        }
      },
    },
  };
}
