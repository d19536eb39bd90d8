/**
 * `npm run lighthouse`: Lighthouse on the catalog and on a server's page, the median of several
 * runs, from a site that is served compressed as static hosts do.
 *
 *   --site DIR   a built site (dist/site)     --runs N   (5)
 *   --out DIR    for the reports              --server NAME  (filesystem)
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import lighthouse from 'lighthouse';
import { launchChromium } from '../chromium.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.xml': 'application/xml',
};

const { values } = parseArgs({
  options: {
    site: { type: 'string', default: 'dist/site' },
    out: { type: 'string', default: 'dist/lighthouse' },
    runs: { type: 'string', default: '5' },
    server: { type: 'string', default: 'filesystem' },
  },
});
const folder = resolve(values.site);
const host = createServer(async ({ url = '/' }, response) => {
  const { pathname } = new URL(url, 'http://x');
  const path = join(folder, pathname.endsWith('/') ? `${pathname}index.html` : pathname);
  if (!path.startsWith(folder) || !existsSync(path)) return response.writeHead(404).end();
  response.writeHead(200, {
    'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream',
    'Content-Encoding': 'gzip',
    'Cache-Control': 'public, max-age=31536000',
  });
  return response.end(gzipSync(await readFile(path)));
});
await new Promise<void>((done) => host.listen(0, '127.0.0.1', done));
const address = host.address();
const site = `http://127.0.0.1:${address && typeof address === 'object' ? address.port : 0}`;

const port = 9300 + (process.pid % 500);
const browser = await launchChromium(`--remote-debugging-port=${port}`);
await mkdir(values.out, { recursive: true });
try {
  for (const path of ['/', `/servers/${values.server}/`]) {
    const scores: Record<string, number[]> = {};
    for (let run = 0; run < Number(values.runs); run += 1) {
      const result = await lighthouse(`${site}${path}`, {
        port,
        output: 'json',
        logLevel: 'silent',
      });
      if (!result) throw new Error(`Lighthouse gave no result for ${path}`);
      for (const [id, { score }] of Object.entries(result.lhr.categories)) {
        scores[id] = [...(scores[id] ?? []), Math.round((score ?? 0) * 100)];
      }
      const name = path === '/' ? 'catalog' : 'server';
      await writeFile(join(values.out, `${name}-${run + 1}.json`), String(result.report));
    }
    const median = (list: readonly number[]) =>
      [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
    const line = Object.entries(scores).map(
      ([id, list]) => `${id} ${median(list)} (${list.join(' ')})`,
    );
    console.log(`${path}: ${line.join(', ')}`);
  }
} finally {
  await browser.close();
  host.close();
  host.closeAllConnections();
}
