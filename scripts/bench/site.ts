/**
 * `npm run bench:site`: how long the site of generated registries takes to build, how large it is,
 * and how quick its search is.
 *
 *   --counts N,N,...  sizes of the registries (330,1000,10000)
 *
 * A cold build of at most 1,000 servers is made three times, and the quickest counts: other machines
 * on the same host make a build slower, by up to the half, and never quicker.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { generateRegistry } from './generate-registry.ts';
import {
  type BrowserFigures,
  measureSearch,
  measureTyping,
  type SearchFigures,
} from './site-search.ts';

interface Build {
  /** Seconds by the clock, seconds of processor of all processes, and most memory in MB. */
  readonly seconds: number;
  readonly cpu: number;
  readonly memory: number;
}

interface Figures {
  readonly count: number;
  readonly cold: Build;
  readonly oneChanged: Build;
  readonly files: number;
  readonly megabytes: number;
  /** Compressed bytes (gzip -9). */
  readonly catalogPage: number;
  readonly catalogScript: number;
  readonly index: number;
  readonly pageMedian: number;
  readonly pageP95: number;
  readonly search: SearchFigures;
  readonly typing: BrowserFigures | undefined;
}

const root = resolve(import.meta.dirname, '../..');
/** Outside of any Git repository, whose newest commit would date every entry. */
const work = join(tmpdir(), 'portolan-bench');
/**
 * Of this run alone, and removed at its end: after a large `rm -r`, ext4 makes new files ten times as
 * dear for some minutes.
 */
const run = join(work, `run-${process.pid}`);
const gz = (bytes: Uint8Array) => gzipSync(bytes, { level: 9 }).byteLength;

async function measure(count: number): Promise<Figures> {
  const registry = join(work, `registry-${count}`);
  const catalog = join(work, `catalog-${count}`);
  const out = join(run, `site-${count}`);
  const cache = join(run, `work-${count}`);
  if (!existsSync(registry)) await generateRegistry(registry, count);
  const publish = () =>
    runMeasured(['scripts/build-catalog.ts', '--registry', registry, '--out', catalog]);
  const build = () =>
    runMeasured([
      ...['scripts/build-site.ts', '--catalog', catalog, '--registry', registry],
      ...['--out', out, '--work', cache],
    ]);
  await publish();
  const colds: Build[] = [];
  for (let turn = 0; turn < (count > 1000 ? 1 : 3); turn++) {
    await Promise.all([out, cache].map((folder) => rm(folder, { recursive: true, force: true })));
    colds.push(await build());
  }
  const [cold] = colds.sort((a, b) => a.seconds - b.seconds) as [Build];
  await changeOne(registry);
  await publish();
  const oneChanged = await build();
  return {
    count,
    cold,
    oneChanged,
    ...(await weigh(out)),
    search: await measureSearch(out),
    typing: await measureTyping(out),
  };
}

/** Gives the first server another description and the next version. */
async function changeOne(registry: string): Promise<void> {
  const [name = ''] = (await readdir(join(registry, 'servers'))).sort();
  const path = join(registry, 'servers', name, 'server.yaml');
  const text = await readFile(path, 'utf8');
  const changed = text
    .replace(/^version: (\d+)/m, (_, major: string) => `version: ${Number(major) + 1}`)
    .replace(
      /^description: .*$/m,
      `description: Changed at ${new Date().toISOString()} to measure.`,
    );
  await writeFile(path, changed);
}

async function weigh(out: string) {
  const items = await readdir(out, { recursive: true, withFileTypes: true });
  const files = items
    .filter((item) => item.isFile())
    .map((item) => join(item.parentPath, item.name));
  let bytes = 0;
  for (const path of files) bytes += (await stat(path)).size;
  const sizes = pageSizes(out, files);
  const home = readFileSync(join(out, 'index.html'));
  const assets = [...home.toString().matchAll(/assets\/[^"]+\.(?:css|js)/g)].map(([path]) => path);
  const weightOf = (paths: readonly string[]) =>
    [...new Set(paths)].reduce((sum, path) => sum + gz(readFileSync(join(out, path))), 0);
  const scripts = withImports(
    out,
    assets.filter((path) => path.endsWith('.js')),
  );
  const indexes = ['catalog-index.json', 'catalog-tools.txt'];
  return {
    files: files.length,
    megabytes: bytes / 1e6,
    catalogScript: weightOf(scripts),
    catalogPage: gz(home) + weightOf([...assets, ...scripts]),
    index: weightOf(indexes),
    pageMedian: sizes[Math.floor(sizes.length / 2)] ?? 0,
    pageP95: sizes[Math.floor(sizes.length * 0.95)] ?? 0,
  };
}

/** Compressed bytes of servers' pages, of which some thousand are taken, smallest first. */
function pageSizes(out: string, files: readonly string[]): number[] {
  const some = (pattern: RegExp) => {
    const found = files.filter((path) => pattern.test(path)).sort();
    const step = Math.ceil(found.length / 1000);
    return found.filter((_, index) => index % step === 0);
  };
  const pages = some(/\/servers\/[^/]+\/index\.html$/).map((path) => gz(readFileSync(path)));
  // Of a huge catalog a visit takes the page for all servers, and the file that holds the server.
  const shell = join(out, 'servers/index.html');
  const packed = existsSync(shell)
    ? some(/\/data\/[^/]+\.gz$/).map(
        (path) => gz(readFileSync(shell)) + readFileSync(path).byteLength,
      )
    : [];
  return [...pages, ...packed].sort((a, b) => a - b);
}

/** Scripts with the modules that they import. */
function withImports(out: string, scripts: readonly string[]): string[] {
  const all = new Set(scripts);
  for (const path of all) {
    const text = readFileSync(join(out, path), 'utf8');
    for (const [, name] of text.matchAll(/from\s*"\.\/([^"]+\.js)"|from\s*`\.\/([^`]+\.js)`/g)) {
      if (name) all.add(`assets/${name}`);
    }
  }
  return [...all];
}

/** Runs a script of ours and measures it with all its children. */
async function runMeasured(args: readonly string[]): Promise<Build> {
  const started = performance.now();
  const child = spawn('sh', ['-c', '"$@" >&2 || exit 1; times', 'sh', process.execPath, ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let memory = 0;
  const timer = setInterval(() => {
    memory = Math.max(memory, child.pid ? residentOf(child.pid) : 0);
  }, 200);
  let output = '';
  child.stdout.on('data', (text) => {
    output += text;
  });
  const status = await new Promise((resolve) => child.once('close', resolve));
  clearInterval(timer);
  if (status !== 0) throw new Error(`${args[0]} failed`);
  const times = [...output.matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, m, s]) => Number(m) * 60 + Number(s),
  );
  const cpu = times.reduce((sum, seconds) => sum + seconds, 0);
  return { seconds: (performance.now() - started) / 1000, cpu, memory: memory / 1e6 };
}

/** Resident bytes of a process and its children (Linux; 0 elsewhere). */
function residentOf(pid: number): number {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    const below = children ? children.split(' ').map(Number) : [];
    return pages * 4096 + below.reduce((sum, child) => sum + residentOf(child), 0);
  } catch {
    return 0;
  }
}

const kb = (bytes: number) => `${(bytes / 1000).toFixed(1)} KB`;
const inMs = (time: number | undefined) => (time === undefined ? '' : `${time.toFixed(0)} ms`);
const built = ({ seconds, cpu, memory }: Build) =>
  `${seconds.toFixed(1)} s (${cpu.toFixed(1)} s of processor, ${memory.toFixed(0)} MB)`;

function report(figures: readonly Figures[]): string {
  const row = (label: string, value: (figure: Figures) => string) =>
    `| ${label} | ${figures.map(value).join(' | ')} |`;
  return [
    `Generated registries, ${availableParallelism()} cores, load ${(loadavg()[0] ?? 0).toFixed(0)} while measuring, Node.js ${process.versions.node}. Sizes are compressed with gzip unless said otherwise.`,
    '',
    row('Servers', ({ count }) => count.toLocaleString('en')),
    `|---|${figures.map(() => '---:|').join('')}`,
    row('Whole site, cold', ({ cold }) => built(cold)),
    row('One server changed', ({ oneChanged }) => built(oneChanged)),
    row('Files', ({ files }) => files.toLocaleString('en')),
    row('Size on disk, not compressed', ({ megabytes }) => `${megabytes.toFixed(0)} MB`),
    row('Catalog page with styles and scripts', ({ catalogPage }) => kb(catalogPage)),
    row('of which scripts', ({ catalogScript }) => kb(catalogScript)),
    row('Catalog index, on first use', ({ index }) => kb(index)),
    row('Server page, median', ({ pageMedian }) => kb(pageMedian)),
    row('Server page, 95th percentile', ({ pageP95 }) => kb(pageP95)),
    row('Index made ready in the browser', ({ search }) => `${search.ready.toFixed(0)} ms`),
    row('Query, median', ({ search }) => `${search.query.toFixed(1)} ms`),
    row('Query with a slip, median', ({ search }) => `${search.slipQuery.toFixed(1)} ms`),
    row('In Chromium: first key to results', ({ typing }) => inMs(typing?.firstKey.results)),
    row('and to their being painted', ({ typing }) => inMs(typing?.firstKey.painted)),
    row('In Chromium: next key to results', ({ typing }) => inMs(typing?.nextKey.results)),
    row('and to their being painted', ({ typing }) => inMs(typing?.nextKey.painted)),
    row('Exact title is first', ({ search }) => `${(search.exactFirst * 100).toFixed(0)}%`),
    row(
      'One swapped pair of letters: in the top ten',
      ({ search }) => `${(search.slipFound * 100).toFixed(0)}%`,
    ),
  ].join('\n');
}

const { values } = parseArgs({
  options: {
    counts: { type: 'string', default: '330,1000,10000' },
  },
});
const figures: Figures[] = [];
try {
  for (const count of values.counts.split(',')) figures.push(await measure(Number(count)));
  console.log(report(figures));
} finally {
  await rm(run, { recursive: true, force: true });
}
