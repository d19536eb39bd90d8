import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSessions } from '../../gateway/console/sessions.ts';
import { type BuiltCatalog, builtCatalog } from '../support/built-gateway.ts';
import { type StartedConsole, startConsole } from './support/console.ts';

let catalog: BuiltCatalog;
let started: StartedConsole;
let session: Record<string, string>;

beforeAll(async () => {
  catalog = await builtCatalog(['everything']);
  started = await startConsole(catalog.env);
  session = await enter(started.link);
});
afterAll(async () => {
  await started?.stop();
  catalog?.remove();
});

interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly text: string;
}

/** A request as no browser would let a page make it: any header, any path. */
function raw(path: string, headers: Record<string, string> = {}, body?: string): Promise<Answer> {
  const { hostname, port } = new URL(started.origin);
  return new Promise((resolve, reject) => {
    const sent = request(
      { hostname, port, path, method: body ? 'POST' : 'GET', headers },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (part) => {
          text += part;
        });
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }),
        );
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Uses a link as the page does; gives the headers of its session. */
async function enter(link: string): Promise<Record<string, string>> {
  const { origin, hash } = new URL(link);
  const response = await fetch(`${origin}/api/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code: hash.slice('#link='.length) }),
  });
  const { value } = (await response.json()) as { value?: { key: string } };
  const [cookie = ''] = response.headers.getSetCookie();
  expect(cookie).toMatch(/; HttpOnly; SameSite=Strict; Path=\/$/);
  return { cookie: cookie.split(';')[0] ?? '', 'x-portolan-key': value?.key ?? '' };
}

const json = { 'content-type': 'application/json' };

describe('who may use the console', () => {
  it('answers a session, and nobody without both of its parts', async () => {
    expect((await raw('/api/about', session)).status).toBe(200);
    expect((await raw('/api/about')).status).toBe(401);
    expect((await raw('/api/about', { cookie: session.cookie ?? '' })).status).toBe(401);
    const key = { 'x-portolan-key': session['x-portolan-key'] ?? '' };
    expect((await raw('/api/about', key)).status).toBe(401);
    expect((await raw('/api/events', key)).status).toBe(401);
  });

  it('takes a link once', async () => {
    const code = started.link.split('#link=')[1];
    const again = await raw('/api/session', json, JSON.stringify({ code }));
    expect(JSON.parse(again.text)).toMatchObject({ failure: { code: 'LINK_USED' } });
    expect(again.headers['set-cookie']).toBeUndefined();
    const wrong = await raw('/api/session', json, JSON.stringify({ code: 'guess' }));
    expect(JSON.parse(wrong.text)).toMatchObject({ failure: { code: 'LINK_USED' } });
  });

  it('lets links and sessions grow old', () => {
    let now = 0;
    const sessions = createSessions({ code: 1_000, idle: 5_000 }, () => now);
    const stale = sessions.code();
    now = 1_001;
    expect(sessions.open(stale)).toBeUndefined();
    const { cookie, key } = sessions.open(sessions.code()) ?? { cookie: '', key: '' };
    now += 4_000;
    expect(sessions.has(cookie, key)).toBe(true);
    expect(sessions.has(cookie, `${key}x`)).toBe(false);
    now += 5_001;
    expect(sessions.has(cookie, key)).toBe(false);
    const replaced = sessions.code();
    sessions.code();
    expect(sessions.open(replaced)).toBeUndefined();
  });
});

describe('attacks on the console', () => {
  it('answers to its own name only, against DNS rebinding', async () => {
    for (const host of [
      'evil.example',
      'localhost',
      new URL(started.origin).host.replace('127', '128'),
    ]) {
      expect((await raw('/', { host })).status).toBe(421);
      expect((await raw('/api/about', { ...session, host })).status).toBe(421);
    }
  });

  it('turns away pages of other origins, also of other ports of this machine', async () => {
    const body = JSON.stringify({ code: 'x' });
    for (const origin of ['https://evil.example', 'http://127.0.0.1:1', 'null']) {
      expect((await raw('/api/about', { ...session, origin })).status).toBe(403);
      expect((await raw('/api/stop', { ...session, ...json, origin }, '{}')).status).toBe(403);
      expect((await raw('/api/session', { ...json, origin }, body)).status).toBe(403);
    }
    for (const site of ['cross-site', 'same-site']) {
      const headers = { ...session, 'sec-fetch-site': site };
      expect((await raw('/api/about', headers)).status).toBe(403);
    }
  });

  it('takes no form: the body is JSON, and the key is a header', async () => {
    const form = { ...session, 'content-type': 'application/x-www-form-urlencoded' };
    expect((await raw('/api/stop', form, 'a=b')).status).toBe(415);
    const text = { ...session, 'content-type': 'text/plain' };
    expect((await raw('/api/stop', text, '{}')).status).toBe(415);
  });

  it('reads no file by a path of a request', async () => {
    const paths = [
      '/../../../../etc/passwd',
      '/%2e%2e/%2e%2e/etc/passwd',
      '/console.js/../../portolan.mjs',
      '/..%2f..%2fpackage.json',
      '/index.html',
      '//etc/passwd',
    ];
    for (const path of paths) {
      const { status, text } = await raw(path);
      expect(text).not.toMatch(/root:|"name"|enableCompileCache/);
      expect(status === 404 || text.startsWith('<!doctype html>')).toBe(true);
    }
    for (const name of ['..%2f..%2fconfig%2fcatalogs', '..', '%00', '_gateway%2f..']) {
      const { text } = await raw(`/api/logs/${name}`, session);
      expect(text).not.toContain('"value"');
    }
  });

  it('has a policy without anything inline, and keeps nothing in caches', async () => {
    const { headers } = await raw('/');
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    });
  });

  it('refuses bodies that are too large or no JSON, and goes on', async () => {
    const large = JSON.stringify({ passphrase: 'x'.repeat(300_000) });
    const answer = await raw('/api/vault/unlock', { ...session, ...json }, large).catch(
      () => undefined,
    );
    if (answer) expect(answer.text).toContain('REQUEST_MALFORMED');
    const broken = await raw('/api/vault/unlock', { ...session, ...json }, '{');
    expect(broken.text).toContain('REQUEST_MALFORMED');
    expect((await raw('/api/nothing', session)).status).toBe(404);
    expect((await raw('/api/about', session)).status).toBe(200);
  });
});

it('ends when it is told to', async () => {
  const other = await startConsole(catalog.env, ['--port', '0']);
  const exited = new Promise((done) => other.child.once('exit', done));
  const headers = { ...(await enter(other.link)), ...json };
  await fetch(`${other.origin}/api/stop`, { method: 'POST', headers, body: '{}' });
  expect(await exited).toBe(0);
});
