import { existsSync, readdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultRunDir } from '../../core/isolation/run-folder.ts';
import { BOXES, type BoxSetup, DISTANT_BOXES, isMissing, setUpBox } from '../support/boxes.ts';
import { type Probe, probePlan, startProbe } from '../support/probe.ts';

/** Names of this test's own little internet; everything it has is on loopback. */
const NAMES: Record<string, string[]> = {
  'allowed.test': ['127.0.0.1'],
  'reviewed.test': ['127.0.0.1'],
  'metadata.test': ['169.254.169.254'],
  'deep.wild.test': ['127.0.0.1'],
  'other.test': ['127.0.0.1'],
  localhost: ['127.0.0.1'],
};

describe.each([...BOXES, ...DISTANT_BOXES])('the network of a server in $box', ({ box }) => {
  let setup: BoxSetup;
  let open: Server;
  let closed: Server;
  let port: number;
  let otherPort: number;
  const denied: string[] = [];
  let probe: Probe;
  let neighbour: Probe;

  const listen = (name: string) =>
    new Promise<Server>((resolve) => {
      const server = createServer((request, response) =>
        response.end(`${name} ${request.method} ${request.headers.host} ${request.url}`),
      ).listen(0, '127.0.0.1', () => resolve(server));
    });

  /** A probe that may reach the hosts of the templates; the user sets `host`. */
  const start = (allow: string[], host: string) =>
    startProbe(
      probePlan(
        {
          ...setup.entry,
          parameters: { properties: { host: { type: 'string', description: 'A host.' } } },
          permissions: { network: { allow } },
        },
        { parameters: { host } },
      ),
      {
        ...setup.options,
        resolveHost: async (name) => NAMES[name] ?? [],
        onNotice: (text) => denied.push(text),
      },
    );

  beforeAll(async () => {
    if (isMissing(box)) return;
    setup = await setUpBox(box);
    open = await listen('open');
    closed = await listen('closed');
    port = (open.address() as AddressInfo).port;
    otherPort = (closed.address() as AddressInfo).port;
    probe = await start(
      [
        `{host}:${port}`,
        `localhost:${port}`,
        `reviewed.test:${port}`,
        `metadata.test:${port}`,
        `*.wild.test:${port}`,
      ],
      'allowed.test',
    );
    neighbour = await start([`{host}:${otherPort}`], 'other.test');
  });
  afterAll(async () => {
    await probe?.channel.close();
    await neighbour?.channel.close();
    for (const server of [open, closed]) server?.close();
    await setup?.stop();
  });

  test.skipIf(isMissing(box))(
    'leads a library that knows of no proxy to an allowed host',
    async () => {
      const answer = await probe.call('connect', {
        host: 'allowed.test',
        port,
        send: 'GET /a HTTP/1.0\r\nHost: allowed.test\r\n\r\n',
      });
      expect(answer).toMatchObject({
        ok: true,
        value: expect.stringContaining('open GET allowed.test /a'),
      });
    },
  );

  test.skipIf(isMissing(box))(
    'leads fetch to an allowed host and to a literal localhost',
    async () => {
      for (const host of ['allowed.test', 'localhost']) {
        const answer = await probe.call('fetch', { url: `http://${host}:${port}/b` });
        expect(answer.value).toEqual({ status: 200, text: `open GET ${host}:${port} /b` });
      }
    },
  );

  test.skipIf(isMissing(box))('tunnels and forwards through the proxy', async () => {
    expect((await probe.call('tunnel', { target: `allowed.test:${port}` })).value.status).toBe(200);
    const plain = await probe.call('connect', {
      host: '127.0.0.1',
      port: 3128,
      // The host that was checked counts, not the one that a header claims.
      send: `GET http://allowed.test:${port}/c HTTP/1.0\r\nHost: other.test\r\n\r\n`,
    });
    expect(plain.value).toContain(`open GET allowed.test:${port} /c`);
  });

  test.skipIf(isMissing(box))(
    'refuses other hosts, ports, addresses and metadata services',
    async () => {
      for (const target of [
        `other.test:${port}`,
        `allowed.test:${otherPort}`,
        `127.0.0.1:${port}`,
        `[::1]:${port}`,
        `[::ffff:127.0.0.1]:${port}`,
        `0x7f000001:${port}`,
        `169.254.169.254:${port}`,
        `metadata.test:${port}`,
        `deep.wild.test:${port}`,
        `wild.test:${port}`,
        'nonsense',
      ]) {
        const { ok, value } = await probe.call('tunnel', { target });
        expect({ ok, status: value.status }, target).toEqual({ ok: true, status: 403 });
      }
      // Reviewed by name only, so it must not lead into the user's own network.
      const inward = await probe.call('tunnel', { target: `reviewed.test:${port}` });
      expect(inward.value.status).toBe(403);
      expect(denied.join('\n')).toContain('reviewed.test leads to 127.0.0.1');
      const plain = await probe.call('connect', {
        host: '127.0.0.1',
        port: 3128,
        send: `GET http://other.test:${port}/ HTTP/1.0\r\n\r\n`,
      });
      expect(plain.value).toMatch(/^HTTP\/1.1 403 /);
      const direct = await probe.call('connect', { host: 'metadata.test', port });
      expect(direct.ok).toBe(false);
    },
  );

  test.skipIf(isMissing(box))('has no other way out', async () => {
    expect((await probe.call('resolve', { host: 'example.com' })).ok).toBe(false);
    expect(await probe.call('connect', { host: '192.0.2.1', port: 443 })).toMatchObject({
      ok: false,
      value: expect.stringMatching(/ENETUNREACH/),
    });
    const local = await probe.call('connect', { host: '127.0.0.1', port: otherPort });
    expect(local).toMatchObject({ ok: false, value: expect.stringMatching(/ECONNREFUSED/) });
  });

  test.skipIf(isMissing(box))('is not open to another server', async () => {
    expect(
      (await neighbour.call('tunnel', { target: `other.test:${otherPort}` })).value.status,
    ).toBe(200);
    expect((await neighbour.call('tunnel', { target: `allowed.test:${port}` })).value.status).toBe(
      403,
    );
    expect((await probe.call('tunnel', { target: `other.test:${otherPort}` })).value.status).toBe(
      403,
    );
    for (const run of readdirSync(defaultRunDir())) {
      const path = `${defaultRunDir()}/${run}/egress/egress.sock`;
      if (existsSync(path)) expect((await neighbour.call('unix', { path })).ok).toBe(false);
    }
  });
});
