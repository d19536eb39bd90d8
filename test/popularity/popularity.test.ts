import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { containerEntry, remoteEntry, testPublication } from '../support/publication.ts';

const run = promisify(execFile);
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** Answers like npm's download counts: one name as an object, several as an object of objects. */
async function countingService(
  counts: Readonly<Record<string, number>>,
  { failFirst = 0 } = {},
): Promise<{ readonly url: string; readonly asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '');
    asked.push(path);
    if (asked.length <= failFirst) return response.writeHead(503, { 'Retry-After': '0' }).end();
    const names = path.replace('/downloads/point/last-week/', '').split(',');
    const one = (name: string) =>
      name in counts
        ? { downloads: counts[name], start: '2026-01-01', end: '2026-01-07', package: name }
        : null;
    const [first = ''] = names;
    if (names.length === 1 && !one(first)) return response.writeHead(404).end('{"error":"x"}');
    const body =
      names.length === 1 ? one(first) : Object.fromEntries(names.map((n) => [n, one(n)]));
    return response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

/** An entry of an npm package, as far as this command looks at it. */
const npmEntry = (name: string, npmPackage: string): string =>
  containerEntry(name).replace(
    /^container: .*$/m,
    `npm: { package: "${npmPackage}", version: 1.0.0, integrity: sha512-${'A'.repeat(86)}== }`,
  );

const collect = (registry: string, api: string) =>
  run(process.execPath, ['scripts/popularity.ts', '--registry', registry, '--api', api]);

describe('npm run popularity', () => {
  it('asks for plain names together and for scoped ones alone, and keeps what npm does not know', async () => {
    await using publication = await testPublication();
    const { registry } = publication;
    for (const [name, npmPackage] of [
      ['files', 'files-server'],
      ['boats', 'boats-server'],
      ['port', '@harbour/port'],
      ['unknown', 'nobody-knows-this'],
    ] as const) {
      await publication.write(name, npmEntry(name, npmPackage));
    }
    await publication.write('far', remoteEntry('far'));
    const path = join(registry, 'popularity.json');
    await writeFile(path, '{"downloads":{"far":7,"gone":9,"files":1}}');
    const service = await countingService(
      { 'files-server': 120, 'boats-server': 30, '@harbour/port': 5 },
      { failFirst: 1 },
    );
    const { stdout } = await collect(registry, service.url);
    expect(stdout).toContain('3 of 4 packages, 4 servers have a number');
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({
      downloads: { boats: 30, far: 7, files: 120, port: 5 },
    });
    expect(service.asked.filter((asked) => asked.includes('@harbour/port'))).not.toEqual([]);
    expect(service.asked.every((asked) => !/,@|@.*,/.test(asked))).toBe(true);
  });

  it('leaves the file alone when there is no answer', async () => {
    await using publication = await testPublication();
    await publication.write('files', npmEntry('files', 'files-server'));
    const path = join(publication.registry, 'popularity.json');
    await writeFile(path, '{"downloads":{"files":1}}');
    await expect(collect(publication.registry, 'http://127.0.0.1:9')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('popularity.json stays as it is'),
    });
    expect(await readFile(path, 'utf8')).toBe('{"downloads":{"files":1}}');
  });
});
