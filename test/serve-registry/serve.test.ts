import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCatalog } from '../../gateway/catalog/open-catalog.ts';
import { type RegistryServer, serveRegistry } from '../../gateway/serve-registry/serve.ts';
import { remoteEntry, type TestPublication, testPublication } from '../support/publication.ts';

let publication: TestPublication;
let server: RegistryServer;
const said: string[] = [];
beforeAll(async () => {
  publication = await testPublication();
  await publication.build({ number: 1 });
  server = await serveRegistry({
    open: () =>
      openCatalog(`oci-layout:${publication.layout}`, publication.policy, {
        stateDir: join(publication.folder, 'state'),
        cacheDir: join(publication.folder, 'cache'),
      }),
    policy: publication.policy,
    host: '127.0.0.1',
    port: 0,
    refresh: 0,
    log: (line) => said.push(line),
  });
});
afterAll(async () => {
  await server.close();
  await publication[Symbol.asyncDispose]();
});

const list = async () => {
  const response = await fetch(`${server.url}/v0.1/servers?version=latest`);
  const { servers } = (await response.json()) as { servers: { server: { name: string } }[] };
  return servers.map((item) => item.server.name.replace(/.*\//, ''));
};

describe('portolan serve-registry', () => {
  it('answers 304 to who has the answer already', async () => {
    const url = `${server.url}/v0.1/servers?version=latest`;
    const first = await fetch(url);
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\w-]{32}"$/);
    expect(first.headers.get('cache-control')).toBe('public, max-age=60');
    const ask = (value: string) => fetch(url, { headers: { 'If-None-Match': value } });
    for (const value of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await ask(value);
      expect([again.status, await again.text()]).toEqual([304, '']);
    }
    expect((await ask('"other"')).status).toBe(200);
  });

  it('gives heads, and lets other origins ask', async () => {
    const url = `${server.url}/v0.1/servers`;
    const head = await fetch(url, { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(Number(head.headers.get('content-length'))).toBeGreaterThan(100);
    const preflight = await fetch(url, { method: 'OPTIONS' });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
    expect(preflight.headers.get('access-control-allow-methods')).toContain('GET');
  });

  it.each([
    ['POST', '/v0.1/servers', 405],
    ['GET', '/v0.1/servers?limit=0', 400],
    ['GET', '/v0.1/servers/%E0%A4%A/versions', 400],
    ['GET', '/v0.1/servers/io.github.example%2Falpha', 404],
    ['GET', '/v0.1/servers/io.github.example%2Falpha/versions/1.0.0/more', 404],
    ['GET', '/v0.1/servers/alpha/versions', 404],
    ['GET', '/', 404],
  ])('answers %s %s with %i and a reason', async (method, path, status) => {
    const response = await fetch(`${server.url}${path}`, { method });
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({ status, detail: expect.any(String) });
  });

  it('turns to a newer catalog, and keeps the old one when the new one does not hold', async () => {
    expect(await list()).toEqual(['alpha', 'beta']);
    await publication.write('gamma', remoteEntry('gamma'));
    await publication.build({ number: 2 });
    await server.refresh();
    expect(await list()).toEqual(['alpha', 'beta', 'gamma']);
    // Rolled back, as by someone who holds the folder.
    await publication.build({ number: 1 });
    await server.refresh();
    expect(await list()).toEqual(['alpha', 'beta', 'gamma']);
    expect(said.join('\n')).toContain('keeps catalog 2');
    await publication.build({ number: 3 });
    await server.refresh();
  });

  it('leaves out a server whose artifact was altered', async () => {
    await publication.write('gamma', remoteEntry('gamma', '1.0.1'));
    await publication.build({ number: 4 });
    await server.refresh();
    const blobs = join(publication.layout, 'blobs', 'sha256');
    for (const name of await readdir(blobs)) {
      const path = join(blobs, name);
      const text = await readFile(path, 'utf8');
      if (
        text.includes('"name":"gamma"') &&
        text.includes('"transport"') &&
        !text.includes('snapshot')
      ) {
        await writeFile(path, text.replace('mcp.example.com', 'mcp.attacker.co'));
      }
    }
    expect(await list()).toEqual(['alpha', 'beta']);
    expect(said.join('\n')).toContain('gamma 1.0.1 is left out');
  });

  it('is a command that says where it listens and goes when told to', async () => {
    await publication.build({ number: 5 });
    const child = spawn(
      process.execPath,
      [
        'gateway/cli/main.ts',
        'serve-registry',
        ...['--catalog', `oci-layout:${publication.layout}`],
        ...['--key', publication.publicKeyPath, '--port', '0'],
      ],
      {
        env: { ...process.env, PORTOLAN_HOME: join(publication.folder, 'home') },
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    const lines = createInterface({ input: child.stderr });
    let url = '';
    for await (const line of lines) {
      url = /http:\S+/.exec(line)?.[0] ?? '';
      if (url) break;
    }
    const response = await fetch(`${url}?version=latest`);
    expect(response.status).toBe(200);
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    expect((await gone)[0]).toBe(0);
  });
});
