import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request as forward, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRegistry } from '../../core/oci/registry.ts';
import { storeText } from '../support/artifacts.ts';
import { needs } from '../support/needs.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

describe.skipIf(needs('docker-registry', 'openssl').skip)('a proxy of the environment', () => {
  let registry: TestRegistry;
  let secure: TestRegistry;
  let proxy: Server;
  let address: string;
  const asked: string[] = [];

  beforeAll(async () => {
    registry = await startRegistry();
    secure = await startRegistry({ tls: true });
    for (const { host, ca } of [registry, secure]) {
      const source = { kind: 'registry', host, repository: 'a/b' } as const;
      await storeText(openRegistry(source, ca ? { ca } : {}), 'v1', 'x');
    }
    proxy = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      const { method, headers } = request;
      forward(request.url ?? '', { method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      }).end();
    });
    proxy.on('connect', (request, socket) => {
      asked.push(`CONNECT ${request.url}`);
      const [host, port] = (request.url ?? '').split(':');
      const upstream = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        upstream.pipe(socket).pipe(upstream);
      });
      for (const end of [upstream, socket]) end.on('error', () => socket.destroy());
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    proxy?.closeAllConnections();
    proxy?.close();
    await registry?.stop();
    await secure?.stop();
  });

  async function tagsThroughProxy(...args: string[]): Promise<unknown> {
    const env = {
      PATH: process.env.PATH,
      NODE_USE_ENV_PROXY: '1',
      HTTP_PROXY: address,
      HTTPS_PROXY: address,
    };
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, ['test/oci/programs/list-tags.ts', ...args], {
      env,
    });
    return JSON.parse(stdout);
  }

  it('is used for plain HTTP and, by CONNECT, for TLS with a private authority', async () => {
    expect(await tagsThroughProxy(registry.host, 'a/b')).toEqual(['v1']);
    expect(asked).toEqual([`GET http://${registry.host}/v2/a/b/tags/list?n=1000`]);
    asked.splice(0);
    expect(await tagsThroughProxy(secure.host, 'a/b', secure.ca ?? '')).toEqual(['v1']);
    expect(asked).toEqual([`CONNECT ${secure.host}`]);
  });
});
