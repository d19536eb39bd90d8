import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { digestOf } from '../../core/oci/digest.ts';
import { INDEX_TYPE, MANIFEST_TYPE } from '../../core/oci/manifest.ts';
import { openRegistry } from '../../core/oci/registry.ts';
import { newestRelease } from '../../scripts/contribute/bump/newest-release.ts';
import { fromImage } from '../../scripts/contribute/new/from-image.ts';
import { fromRemote } from '../../scripts/contribute/new/from-remote.ts';
import { parseSource } from '../../scripts/contribute/new/source.ts';
import { probeRemote } from '../../scripts/contribute/remote-probe.ts';
import { bytesOf, descriptorOf } from '../support/artifacts.ts';
import { startAuthorizationServer } from '../support/authorization-server.ts';
import { needs } from '../support/needs.ts';
import { startRegistry } from '../support/registry.ts';
import { startEverything } from './everything-http.ts';

const corpus = join(import.meta.dirname, '..', 'fixtures', 'contribute');

test.each([
  ['@acme/weather-mcp', { kind: 'npm', spec: '@acme/weather-mcp' }],
  ['weather@1.2.3', { kind: 'npm', spec: 'weather@1.2.3' }],
  ['npm:weather', { kind: 'npm', spec: 'weather' }],
  ['ghcr.io/acme/weather:1.0', { kind: 'image', reference: 'ghcr.io/acme/weather:1.0' }],
  ['oci:acme/weather', { kind: 'image', reference: 'acme/weather' }],
  ['https://mcp.acme.example/mcp', { kind: 'remote', url: 'https://mcp.acme.example/mcp' }],
  ['https://github.com/acme/weather', { kind: 'github', owner: 'acme', repo: 'weather' }],
  ['github:acme/weather', { kind: 'github', owner: 'acme', repo: 'weather' }],
  [join(corpus, 'server.json'), { kind: 'server-json', file: join(corpus, 'server.json') }],
  [join(corpus, 'docker'), { kind: 'docker', folder: join(corpus, 'docker') }],
])('%s is understood', (text, source) => {
  expect(parseSource(text)).toEqual(source);
});

test('what is no source is told with what would be', () => {
  expect(() => parseSource('two words')).toThrow(/no source; give a package name, an image/);
});

let stop: (() => Promise<unknown>) | undefined;
afterEach(async () => {
  await stop?.();
  stop = undefined;
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
}

describe('probing an endpoint', () => {
  test('an open one tells who it is', async () => {
    const everything = await startEverything();
    stop = everything.stop;
    expect(await probeRemote(everything.url)).toMatchObject({
      reachable: true,
      transport: 'streamable-http',
      auth: 'none',
      serverInfo: { name: 'mcp-servers/everything' },
    });
  });

  test('one with OAuth leads to how a client gets its id', async () => {
    const authorization = await startAuthorizationServer();
    const url = await serve((request, response) => {
      const origin = `http://${request.headers.host}`;
      if (request.url?.startsWith('/.well-known/oauth-protected-resource')) {
        const metadata = {
          resource: `${origin}/mcp`,
          authorization_servers: [authorization.issuer],
        };
        response.end(JSON.stringify(metadata));
        return;
      }
      const challenge = `Bearer resource_metadata="${origin}/.well-known/oauth-protected-resource"`;
      response.writeHead(401, { 'WWW-Authenticate': challenge }).end();
    });
    try {
      expect(await probeRemote(url)).toMatchObject({ auth: 'oauth', registration: 'dynamic' });
    } finally {
      await authorization.close();
    }
  });

  test('one that only refuses wants a token', async () => {
    const url = await serve((_, response) => response.writeHead(401).end());
    expect(await probeRemote(url)).toMatchObject({ status: 401, auth: 'token' });
  });

  test('a web page is not a server', async () => {
    const url = await serve((_, response) => response.end('<html></html>'));
    expect(await probeRemote(url)).toMatchObject({ fact: 'answers, but not with MCP' });
  });

  test('a redirect is told, not followed', async () => {
    const url = await serve((_, response) =>
      response.writeHead(307, { Location: 'http://elsewhere.example/mcp' }).end(),
    );
    expect((await probeRemote(url)).fact).toBe('redirects to http://elsewhere.example/mcp');
  });

  test('one that is not there is not reachable, with the reason', async () => {
    const url = await serve(() => {});
    await stop?.();
    stop = undefined;
    expect(await probeRemote(url)).toMatchObject({
      reachable: false,
      fact: expect.stringContaining('ECONNREFUSED'),
    });
  });
});

describe('an entry for an endpoint', () => {
  const url = 'https://mcp.weather.acme.example/mcp';

  test('with OAuth has dynamic tools and the registration that was found', async () => {
    const { draft } = await fromRemote(url, async () => ({
      reachable: true,
      transport: 'streamable-http',
      auth: 'oauth',
      registration: 'dynamic',
    }));
    expect(draft).toMatchObject({
      name: 'weather-acme',
      remote: { url, oauth: { registration: 'dynamic' } },
      tools: { dynamic: expect.stringContaining('sign-in') },
    });
  });

  test('without a sign-in has static tools', async () => {
    const { draft } = await fromRemote(url, async () => ({ reachable: true, auth: 'none' }));
    expect(draft.tools).toBe('static');
    expect(draft.remote).not.toHaveProperty('oauth');
  });

  test('is refused without https', async () => {
    await expect(fromRemote('http://acme.example/mcp')).rejects.toMatchObject({
      code: 'URL_NOT_HTTPS',
    });
  });
});

describe.skipIf(needs('docker-registry').skip)('an entry for an image', () => {
  const labels = {
    'org.opencontainers.image.title': 'Weather',
    'org.opencontainers.image.description': 'Tells the weather of any place on earth.',
    'org.opencontainers.image.licenses': 'Apache-2.0',
    'org.opencontainers.image.source': 'https://github.com/acme/weather-mcp',
  };

  test('is pinned to the digest of its tag, with what its labels say', async () => {
    const registry = await startRegistry();
    stop = registry.stop;
    const digest = await pushImage(registry.host, '1.0.0', labels);
    const { draft } = await fromImage(`${registry.host}/acme/weather-mcp:1.0.0`);
    expect(draft).toMatchObject({
      name: 'weather',
      title: 'Weather',
      license: 'Apache-2.0',
      publisher: { name: 'acme', url: 'https://github.com/acme' },
      container: { image: `${registry.host}/acme/weather-mcp:1.0.0@${digest}` },
    });
    expect(draft.description).toBe('Tells the weather of any place on earth.');
  });

  test('moves to the highest version of its form, not to a pre-release', async () => {
    const registry = await startRegistry();
    stop = registry.stop;
    const first = await pushImage(registry.host, '1.9.0', labels);
    const second = await pushImage(registry.host, '1.10.0', { ...labels, build: '2' });
    await pushImage(registry.host, '2.0.0-rc.1', { ...labels, build: '3' });
    const image = `${registry.host}/acme/weather-mcp:1.9.0@${first}`;
    const { draft } = await fromImage(image);
    const release = await newestRelease(draft as Parameters<typeof newestRelease>[0]);
    expect(release).toMatchObject({
      label: '1.9.0 -> 1.10.0',
      changes: [[['container', 'image'], `${registry.host}/acme/weather-mcp:1.10.0@${second}`]],
    });
  });

  test('without its registry is still pinned when the digest is given', async () => {
    const image = `127.0.0.1:9/acme/weather-mcp@${digestOf(bytesOf('x'))}`;
    const { draft, notes } = await fromImage(image, { attempts: 1 });
    expect(draft.container).toEqual({ image });
    expect(notes[0]).toContain('its registry could not be asked');
  });
});

/** An image of no layers for linux/amd64 behind an index, as most images are; gives its digest. */
async function pushImage(host: string, tag: string, labels: Record<string, string>) {
  const registry = openRegistry(
    { kind: 'registry', host, repository: 'acme/weather-mcp' },
    { credentials: async () => undefined },
  );
  const config = bytesOf(
    JSON.stringify({ os: 'linux', architecture: 'amd64', config: { Labels: labels } }),
  );
  const configDescriptor = descriptorOf(config, 'application/vnd.oci.image.config.v1+json');
  await registry.putBlob(configDescriptor, config);
  const manifest = await registry.putManifest(
    bytesOf(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MANIFEST_TYPE,
        config: configDescriptor,
        layers: [],
      }),
    ),
  );
  const index = bytesOf(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: INDEX_TYPE,
      manifests: [{ ...manifest, platform: { os: 'linux', architecture: 'amd64' } }],
    }),
  );
  const answer = await fetch(`http://${host}/v2/acme/weather-mcp/manifests/${tag}`, {
    method: 'PUT',
    headers: { 'Content-Type': INDEX_TYPE },
    body: index as Uint8Array<ArrayBuffer>,
  });
  expect(answer.status).toBe(201);
  return digestOf(index);
}
