import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Interceptor, Policy } from '../../core/entry/types.generated.ts';
import { intercept } from '../../gateway/policy/interceptors.ts';
import { knownSecrets } from '../../gateway/policy/known-secrets.ts';
import type { Policies } from '../../gateway/policy/load-policy.ts';
import { scanMode, scanValue } from '../../gateway/policy/scan.ts';
import type { CallInfo } from '../../gateway/relay/relay.ts';

const folder = mkdtempSync(join(tmpdir(), 'portolan-interceptors-'));
const call = (values: Record<string, unknown>): CallInfo => ({
  server: 'github',
  method: 'tools/call',
  name: 'create_issue',
  principal: 'alice',
  params: { name: 'create_issue', arguments: values },
});
const policies = (policy: Policy): Policies => [{ owner: 'user', path: '/p.yaml', policy }];
const one = (interceptor: Partial<Interceptor>): Policies =>
  policies({ interceptors: [{ name: 'one', when: 'both', ...interceptor } as Interceptor] });
const program = (code: string): Policies =>
  one({ exec: { command: [process.execPath, '-e', code] } });

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the examples of the guide', () => {
  const guide = readFileSync('docs/guides/policy.md', 'utf8');
  const fileOf = (name: string) => {
    const code = [...guide.matchAll(/```js\n([\s\S]*?)```/g)].find(([, text]) =>
      text?.startsWith(`// ${name}\n`),
    )?.[1];
    const path = join(folder, name);
    writeFileSync(path, code as string);
    return path;
  };

  test('a program lets calls about own repositories pass, and no others', async () => {
    const command = [process.execPath, fileOf('own-repositories.mjs')];
    const own = one({ when: 'before', servers: ['github*'], exec: { command } });
    expect(await intercept(own, 'before', call({ owner: 'example' }))).toEqual({});
    await expect(intercept(own, 'before', call({ owner: 'stranger' }))).rejects.toMatchObject({
      kind: 'forbidden',
      code: 'CALL_REFUSED',
      message: 'the interceptor one refuses it: repositories of stranger are not for this gateway',
    });
    const elsewhere = { ...call({ owner: 'stranger' }), server: 'gitlab' };
    expect(await intercept(own, 'before', elsewhere)).toEqual({});
  });

  describe('a service', () => {
    let child: ChildProcess;
    let url = '';
    beforeAll(async () => {
      child = spawn(process.execPath, [fileOf('no-addresses.mjs')], {
        env: { ...process.env, PORT: '0' },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const port = await new Promise<string>((resolve) => {
        child.stdout?.once('data', (text) => resolve(/\d+/.exec(String(text))?.[0] as string));
      });
      url = `http://127.0.0.1:${port}/`;
    });
    afterAll(() => child.kill());

    test('takes addresses out of results', async () => {
      const result = { content: [{ type: 'text', text: 'Ask ann@example.com.' }] };
      const changed = await intercept(
        one({ when: 'after', http: { url } }),
        'after',
        call({}),
        result,
      );
      expect(changed.result).toEqual({ content: [{ type: 'text', text: 'Ask [address].' }] });
    });
  });
});

describe('interceptors that do not decide refuse the call', () => {
  test.each([
    ['a crash', 'process.exit(3)', 'it ended with 3'],
    ['nothing', '', 'its answer is not JSON'],
    ['no decision', 'console.log("{}")', 'no decision allow, refuse or change'],
    ['a change of nothing', 'console.log(JSON.stringify({decision:"change"}))', 'no object'],
  ])('%s', async (_, code, message) => {
    await expect(intercept(program(code), 'before', call({}))).rejects.toMatchObject({
      code: 'INTERCEPTOR_FAILED',
      message: expect.stringContaining(message),
    });
  });

  test('one that never answers, and what it started, ends with its time', async () => {
    const slow = one({
      exec: {
        command: [process.execPath, '-e', 'console.error(process.pid); setInterval(() => {}, 1e6)'],
      },
      timeoutSeconds: 0.3,
    });
    await expect(intercept(slow, 'before', call({}))).rejects.toThrow('longer than 0.3 s');
  });

  test('a program that is not there, a service that answers an error, redirects, or is gone', async () => {
    await expect(
      intercept(one({ exec: { command: ['/nowhere/check'] } }), 'before', call({})),
    ).rejects.toThrow('ENOENT');
    const server = createServer((request, response) => {
      if (request.url === '/away') response.writeHead(302, { Location: '/ok' }).end();
      else if (request.url === '/ok') response.end('{"decision":"allow"}');
      else response.writeHead(500).end('{"decision":"allow"}');
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const ask = (path: string) =>
      intercept(one({ http: { url: base + path } }), 'before', call({}));
    await expect(ask('/ok')).resolves.toEqual({});
    await expect(ask('/error')).rejects.toThrow('status 500');
    await expect(ask('/away')).rejects.toMatchObject({ code: 'INTERCEPTOR_FAILED' });
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
    await expect(ask('/ok')).rejects.toMatchObject({ code: 'INTERCEPTOR_FAILED' });
  });
});

test('each interceptor sees what the one before made of the call, and no variable of the gateway', async () => {
  process.env.PORTOLAN_SECRET_TEST__KEY = 'never passed on';
  const add = `
    const { call } = JSON.parse(require('fs').readFileSync(0, 'utf8'));
    const list = [...(call.arguments.list ?? []), Object.keys(process.env).some((n) => n.startsWith('PORTOLAN'))];
    console.log(JSON.stringify({ decision: 'change', arguments: { list } }));`;
  const twice = [...program(add), ...program(add)];
  expect(await intercept(twice, 'before', call({}))).toEqual({
    arguments: { list: [false, false] },
  });
  delete process.env.PORTOLAN_SECRET_TEST__KEY;
});

describe('scan', () => {
  // Put together here, so that no scanner takes this file for a leak.
  const github = `ghp_${'aB3dE6gH9j'.repeat(4).slice(0, 36)}`;
  const pem = ['-----BEGIN', 'PRIVATE KEY-----\nMIIabc\n-----END', 'PRIVATE KEY-----'].join(' ');

  test('own secrets vanish in every form, also from names of fields, whatever the mode', async () => {
    const secrets = knownSecrets();
    secrets.add(['s3cret"value', 'abc']);
    const value = {
      text: `x s3cret"value y ${Buffer.from('s3cret"value').toString('base64')} abc`,
      's3cret"value': [{ deep: 's3cret"value' }],
    };
    expect(await scanValue(value, 'off', secrets, 'it')).toEqual(['a secret of the profile']);
    expect(value).toEqual({
      text: 'x [redacted] y [redacted] abc',
      '[redacted]': [{ deep: '[redacted]' }],
    });
  });

  test('shapes of credentials are redacted in place, the rest of the text stays', async () => {
    const value = { text: `token: ${github}, done\n${pem}\nend` };
    const found = await scanValue(value, 'redact', knownSecrets(), 'it');
    expect(found).toHaveLength(2);
    expect(value.text).not.toContain(github);
    expect(value.text).not.toContain('MIIabc');
    expect(value.text).toMatch(/^token: \[redacted: .*\], done\n\[redacted: a private key\]\nend$/);
  });

  test('report leaves the text, refuse refuses, off does not look', async () => {
    const value = { text: github };
    expect(await scanValue(value, 'report', knownSecrets(), 'it')).toHaveLength(1);
    expect(value.text).toBe(github);
    await expect(scanValue(value, 'refuse', knownSecrets(), 'the result')).rejects.toMatchObject({
      code: 'SECRET_FOUND',
      message: expect.not.stringContaining(github),
    });
    expect(await scanValue(value, 'off', knownSecrets(), 'it')).toEqual([]);
  });

  test('ordinary texts, hashes and long encoded files stay as they are', async () => {
    const value = {
      text: 'commit 8567d98c7cdc3aab03771 of https://example.com/path',
      data: Buffer.alloc(300_000, 'x1').toString('base64'),
    };
    const before = structuredClone(value);
    expect(await scanValue(value, 'redact', knownSecrets(), 'it')).toEqual([]);
    expect(value).toEqual(before);
  });

  test('a file of 40 MB does not overflow anything, and a token beside it is found', async () => {
    const value = { data: 'x1y'.repeat(13_000_000), text: `${'eyJ'.repeat(3_000_000)} ${github}` };
    await scanValue(value, 'redact', knownSecrets(), 'it');
    expect(value.data).toHaveLength(39_000_000);
    expect(value.text).not.toContain(github);
  });

  test('a value of any depth is looked through', async () => {
    const secrets = knownSecrets();
    secrets.add(['deep-secret']);
    const value = JSON.parse(`${'[{"a":'.repeat(50_000)}"deep-secret"${'}]'.repeat(50_000)}`);
    expect(await scanValue(value, 'redact', secrets, 'it')).toEqual(['a secret of the profile']);
  });

  test('of several policies the strictest mode counts', () => {
    expect(scanMode([], 'results')).toBe('redact');
    expect(scanMode(policies({ scan: { results: 'off' } }), 'results')).toBe('off');
    const both = [
      ...policies({ scan: { results: 'refuse' } }),
      ...policies({ scan: { results: 'off' } }),
    ];
    expect(scanMode(both, 'results')).toBe('refuse');
  });
});
