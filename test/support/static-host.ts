import { readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';

/**
 * A static host as Netlify and Cloudflare Pages work: files, and the rules of `_redirects` (rewrites
 * with placeholders) and `_headers`. A placeholder takes one part of the path as it was sent, so an
 * encoded slash stays within it, and is decoded when the file is looked up.
 */
export async function startStaticHost(folder: string): Promise<{ url: string } & AsyncDisposable> {
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  const rewrites = read('_redirects')
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split(/\s+/) as [string, string, string]);
  const headers = rulesOf(read('_headers'));
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').replace(/\?.*/, '');
    const file =
      fileOf(folder, path) ??
      rewrites
        .map(([from, to]) => rewritten(path, from, to))
        .map((to) => (to === undefined ? undefined : fileOf(folder, to)))
        .find((found) => found !== undefined);
    if (!file) return response.writeHead(404).end();
    if (file.endsWith('.json')) response.setHeader('Content-Type', 'application/json');
    for (const [pattern, name, value] of headers) {
      const covers = pattern.endsWith('*')
        ? path.startsWith(pattern.slice(0, -1))
        : path === pattern;
      if (covers) response.setHeader(name, value);
    }
    response.end(request.method === 'HEAD' ? undefined : readFileSync(file));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function fileOf(folder: string, path: string): string | undefined {
  const file = join(folder, normalize(decodeURIComponent(path)));
  return statSync(file, { throwIfNoEntry: false })?.isFile() ? file : undefined;
}

function rewritten(path: string, from: string, to: string): string | undefined {
  const [parts, pattern] = [path.split('/'), from.split('/')];
  if (parts.length !== pattern.length) return undefined;
  let result = to;
  for (const [index, part] of pattern.entries()) {
    const given = parts[index] ?? '';
    if (part.startsWith(':')) result = result.replace(part, given);
    else if (part !== given) return undefined;
  }
  return result;
}

function rulesOf(text: string): [string, string, string][] {
  const rules: [string, string, string][] = [];
  let pattern = '';
  for (const line of text.split('\n').filter(Boolean)) {
    const header = /^\s+([^:]+):\s*(.*)$/.exec(line);
    if (header) rules.push([pattern, header[1] ?? '', header[2] ?? '']);
    else pattern = line.trim();
  }
  return rules;
}
