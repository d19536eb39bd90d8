import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, launchChromium } from '../../scripts/chromium.ts';
import { startProtectedServer } from '../oauth/protected-server.ts';
import { openPage, type WatchedPage } from '../site/support/site.ts';
import { startAuthorizationServer } from '../support/authorization-server.ts';
import { RUNNER } from '../support/built-gateway.ts';
import { runPortolan } from '../support/command-line.ts';
import { needs } from '../support/needs.ts';
import { type StartedConsole, startConsole } from './support/console.ts';
import { type ConsoleHome, consoleHome, writeCrane, writeHostile } from './support/home.ts';

const noBrowser = chromiumPath() === undefined && process.env.PORTOLAN_NO_SKIP !== '1';
if (noBrowser) console.warn('tests of the console are skipped: Chromium is not on this machine');

const PAGES = [
  '',
  'server/crane',
  'server/hostile',
  'profiles',
  'updates',
  'secrets',
  'clients',
  'activity',
  'running',
  'catalogs',
  'policy',
  'doctor',
];

describe.skipIf(noBrowser)('the console in a browser', () => {
  let home: ConsoleHome;
  let started: StartedConsole;
  let browser: Browser;
  let watched: WatchedPage;
  let page: Page;
  let signInServer: Awaited<ReturnType<typeof signInServerFor>>;

  beforeAll(async () => {
    home = await consoleHome(['everything', 'tavily']);
    writeCrane(home, '1.0.0');
    writeHostile(home);
    signInServer = await signInServerFor(home);
    await home.publish();
    // The console signs in to a server of this test, whose certificate nobody else knows.
    home.env.NODE_EXTRA_CA_CERTS = signInServer.certificate;
    started = await startConsole(home.env);
    browser = await launchChromium();
    watched = await openPage(browser, started.link);
    page = watched.page;
  });
  afterAll(async () => {
    await browser?.close();
    await started?.stop();
    await signInServer?.close();
    home?.remove();
  });

  const go = async (path: string) => {
    await page.goto(`${started.origin}/${path}`);
    await page.waitForSelector('h1');
  };
  const button = (name: string | RegExp) => page.getByRole('button', { name, exact: true });
  const dialog = () => page.getByRole('dialog');

  it('lets the link in once, and takes it out of the address', async () => {
    expect(page.url()).toBe(`${started.origin}/`);
    await expect.poll(() => page.textContent('main')).toContain('No catalog yet');
    const other = await openPage(browser, started.link);
    await expect
      .poll(() => other.page.getByRole('alertdialog').textContent())
      .toContain('was used before');
    await other.close();
  });

  it('verifies and adds a catalog with the key that was pasted, and no other', async () => {
    await page.getByRole('link', { name: 'Add a catalog' }).click();
    await button('Add a catalog').click();
    await dialog().getByLabel('Address').fill(`oci-layout:${home.layout}`);
    await dialog().getByLabel('Name').fill('mine');
    await dialog().getByLabel('Public key').fill('no key');
    await button('Verify and add').click();
    await expect.poll(() => dialog().getByRole('alert').count()).toBe(1);
    await dialog().getByLabel('Public key').fill(home.publicKey);
    await button('Verify and add').click();
    await expect.poll(() => page.textContent('main')).toContain('Verified');
    expect(await dialog().count()).toBe(0);
  });

  it('finds a server while one types', async () => {
    await go('');
    await page.keyboard.press('/');
    await page.keyboard.type('lower');
    await expect.poll(() => page.locator('.cards h3').allTextContents()).toEqual(['Crane']);
    expect(new URL(page.url()).search).toBe('?q=lower');
    await page.fill('#search', 'qqqq');
    await expect.poll(() => page.locator('.bar h2').textContent()).toBe('No server found');
    await button('Clear all').click();
    await page.selectOption('#filter-signIn', 'secret');
    await expect.poll(() => page.locator('.cards h3').allTextContents()).toContain('Tavily');
    expect(await page.locator('.cards h3').allTextContents()).not.toContain('Crane');
  });

  it('adds a server with the settings that its schema asks for', async () => {
    await go('server/crane');
    await page.getByLabel('harbour').fill('Porto');
    await page.getByLabel('berths').fill('one\ntwo');
    await button('Add').click();
    await expect.poll(() => page.textContent('#add')).toBe('In the profile default');
    const file = join(String(home.env.PORTOLAN_HOME), 'config/profiles/default.yaml');
    const profile = readFileSync(file, 'utf8');
    expect(profile).toContain('harbour: Porto');
    expect(profile).toMatch(/berths:[\s\S]*one[\s\S]*two/);
    for (const name of ['tavily', 'everything', 'harbour']) {
      await go(`server/${name}`);
      await button('Add').click();
      await expect.poll(() => page.textContent('#add')).toBe('In the profile default');
    }
  });

  it('changes settings and switches tools of a profile', async () => {
    await go('profiles');
    const crane = page.locator('#server-crane');
    await crane.getByText('Settings (2 of 3 set)').click();
    await crane.getByLabel('harbour').fill('Lisboa');
    await crane.getByRole('button', { name: 'Save settings' }).click();
    await crane.getByText('Tools (2 of 2 on)').click();
    await crane.getByLabel('lower').uncheck();
    await expect.poll(() => crane.textContent()).toContain('Tools (1 of 2 on)');
    const { stdout } = await runPortolan(['profile', 'show', '--json'], { env: home.env });
    expect(JSON.parse(stdout).profile.servers.crane).toMatchObject({
      parameters: { harbour: 'Lisboa' },
      tools: { disable: ['lower'] },
    });
  });

  it('says what is missing first, and keeps a secret without ever showing it', async () => {
    await go('secrets');
    await expect.poll(() => page.textContent('#missing')).toBe('2 servers wait for you');
    await button('Set api_key of Tavily').click();
    const value = 'tvly-not-a-real-key-3141592653';
    await dialog().getByLabel('Value').fill(value);
    await button('Keep it').click();
    await expect.poll(() => dialog().count()).toBe(0);
    await expect.poll(() => page.locator('main .chip').allTextContents()).toContain('in the vault');
    const answers: string[] = [];
    page.on('response', async (response) => {
      if (response.url().includes('/api/') && !response.url().endsWith('/events')) {
        answers.push(await response.text().catch(() => ''));
      }
    });
    await go('secrets');
    await go('profiles');
    await page.waitForLoadState('domcontentloaded');
    expect(answers.length).toBeGreaterThan(2);
    expect(answers.join('')).not.toContain(value);
    expect(await page.content()).not.toContain(value);
    const { stdout } = await runPortolan(['secret', 'check', 'tavily', '--json'], {
      env: home.env,
    });
    expect(stdout).toContain('"origin": "vault"');
  });

  it('signs in at the authorization server’s own page, and out', async () => {
    await go('secrets');
    await button('Sign in to Harbour').click();
    const link = dialog().getByRole('link', { name: /^Go to / });
    expect(await link.getAttribute('href')).toMatch(new RegExp(`^${signInServer.issuer}/`));
    const [tab] = await Promise.all([page.context().waitForEvent('page'), link.click()]);
    await tab.waitForSelector('input[name=login]');
    await tab.fill('input[name=login]', 'ada');
    await tab.fill('input[name=password]', 'any');
    await tab.click('button[type=submit]');
    await tab.waitForSelector('input[value=consent]', { state: 'attached' });
    await tab.click('button[type=submit]');
    await expect.poll(() => tab.textContent('body')).toContain('Signed in');
    await tab.close();
    await expect.poll(() => dialog().count()).toBe(0);
    await expect.poll(() => page.textContent('main')).toContain('signed in');
    expect(await page.locator('#missing').count()).toBe(0);
    await button('Sign out of Harbour').click();
    await expect.poll(() => page.textContent('#missing')).toBe('1 server waits for you');
    expect(signInServer.revoked()).toBeGreaterThan(0);
    // The tab of the authorization server is another origin, as it must be.
    watched.faults.splice(0);
  });

  it('connects a client after showing what it writes, and takes it back', async () => {
    const file = join(String(home.env.HOME), '.cursor/mcp.json');
    await go('clients');
    await button('Connect Cursor').click();
    await expect.poll(() => dialog().locator('.diff').textContent()).toContain('"--profile"');
    expect(existsSync(file)).toBe(false);
    await dialog().getByRole('button', { name: 'Connect', exact: true }).click();
    await expect.poll(() => existsSync(file)).toBe(true);
    expect(JSON.parse(readFileSync(file, 'utf8')).mcpServers.portolan.args).toEqual(
      expect.arrayContaining(['run', '--profile', 'default']),
    );
    await expect.poll(() => page.textContent('main')).toContain('uses the profile default');
    await button('Undo the last change of Cursor').click();
    await dialog().getByRole('button', { name: 'Undo', exact: true }).click();
    await expect.poll(() => existsSync(file)).toBe(false);
  });

  it('shows an update with what it asks for, and waits for consent to more', async () => {
    writeCrane(home, '2.0.0');
    await home.publish();
    await go('catalogs');
    await button('Update mine').click();
    await expect.poll(() => page.textContent('main')).toContain('Number 2');
    await go('updates');
    const changes = page.locator('.changes');
    await expect.poll(() => changes.textContent()).toContain('needs the secret token');
    expect(await changes.textContent()).toContain('drop');
    expect(await button('Accept crane 2.0.0').isDisabled()).toBe(true);
    await page.getByLabel('I agree that crane may do more than before').check();
    await button('Accept crane 2.0.0').click();
    await expect.poll(() => page.textContent('main')).toContain('Everything is up to date');
    const lock = join(String(home.env.PORTOLAN_HOME), 'config/profiles/default.lock.json');
    expect(JSON.parse(readFileSync(lock, 'utf8')).servers.crane.version).toBe('2.0.0');
  });

  it.skipIf(needs('bwrap', 'npm').skip)(
    'shows a call as it happens, its steps, and the gateway',
    async () => {
      await go('activity');
      await expect.poll(() => page.textContent('main')).toContain('No calls yet');
      const client = new Client({ name: 'test-client', version: '1.2.3' });
      await client.connect(
        new StdioClientTransport({
          command: process.execPath,
          args: [RUNNER, 'run', '--servers', 'everything', '--isolation', 'bubblewrap'],
          env: installingEnv(home),
          stderr: 'ignore',
        }),
      );
      await client.callTool({ name: 'echo', arguments: { message: 'hello' } });
      const row = page.locator('.calls tbody tr').first();
      await expect.poll(() => row.textContent()).toMatch(/everything.*echo.*ok/);
      await row.getByRole('button').click();
      await expect.poll(() => page.locator('.steps').textContent()).toContain('The call arrived');
      await button('Pause').click();
      await client.callTool({ name: 'echo', arguments: { message: 'again' } });
      await expect.poll(() => button(/^Go on/).textContent()).toBe('Go on (1 new)');
      await go('running');
      await expect.poll(() => page.textContent('main')).toContain('test-client 1.2.3');
      await expect.poll(() => page.textContent('table')).toMatch(/everything.*runs/);
      await page.getByRole('button', { name: /^Stop gateway/ }).click();
      await expect.poll(() => page.textContent('main')).toContain('No gateway runs');
      await client.close();
    },
  );

  it('shows what a hostile catalog says as text', async () => {
    await go('');
    await go('server/hostile');
    expect(await page.textContent('h1')).toBe('"><img src=x onerror=xss()> Hostile');
    for (const item of await page.locator('.tool summary').all()) await item.click();
    await page.fill('#field-1', '<img src=x onerror=xss()>').catch(() => {});
    await button('Add').click();
    await expect.poll(() => page.textContent('#add')).toBe('In the profile default');
    await go('profiles');
    await go('secrets');
    expect(await page.locator('main img, main iframe, main script').count()).toBe(0);
  });

  it('keeps several tabs alike, and moves the focus to a page’s heading', async () => {
    const other = await page.context().newPage();
    await other.goto(`${started.origin}/profiles`);
    await other.waitForSelector('#server-hostile');
    await go('profiles');
    await button(/^Remove .* Hostile from default$/).click();
    await button('Remove it').click();
    await expect.poll(() => other.locator('#server-hostile').count()).toBe(0);
    await other.close();
    await page.getByRole('link', { name: 'Policy' }).click();
    // The link that was clicked has the same text, so the title is waited for first.
    await expect.poll(() => page.title()).toBe('Policy · Portolan console');
    await expect
      .poll(() => page.evaluate(() => document.activeElement?.textContent))
      .toBe('Policy');
    await page.goBack();
    await expect.poll(() => page.title()).toBe('Profiles · Portolan console');
  });

  it.each(['light', 'dark'] as const)(
    'has no fault of accessibility in %s',
    async (colorScheme) => {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      const faults: string[] = [];
      for (const width of [320, 1440]) {
        await page.setViewportSize({ width, height: 900 });
        for (const path of PAGES) {
          await go(path);
          if (path === 'doctor') await page.getByText('Look again').waitFor();
          faults.push(...(await violations(page)).map((text) => `${path} ${width}: ${text}`));
          const overflow = await page.evaluate(
            () => document.documentElement.scrollWidth - window.innerWidth,
          );
          if (overflow > 0) faults.push(`${path} ${width}: wider than the window by ${overflow}`);
        }
      }
      expect(faults).toEqual([]);
      await page.setViewportSize({ width: 1280, height: 900 });
    },
  );

  it('wrote no error, ran no payload, and asked no other origin', () => {
    expect(watched.faults).toEqual([]);
  });

  it('says when the console has ended, and goes on after a new link', async () => {
    await go('policy');
    await started.stop();
    await expect
      .poll(() => page.getByRole('alertdialog').textContent())
      .toContain('The console has ended');
    const port = new URL(started.origin).port;
    started = await startConsole(home.env, ['--port', port]);
    await expect.poll(() => page.getByRole('alertdialog').textContent()).toContain('not signed in');
    await page.goto('about:blank');
    await page.goto(started.link);
    await expect.poll(() => page.locator('.cards h3').count()).toBeGreaterThan(2);
  });
});

/** With the settings of npm and the certificates of whoever runs the tests. */
function installingEnv({ env }: ConsoleHome): Record<string, string> {
  const { HOME, NODE_EXTRA_CA_CERTS } = process.env;
  const all = { ...env, HOME, NODE_EXTRA_CA_CERTS };
  return Object.fromEntries(
    Object.entries(all).filter(([, value]) => value !== undefined),
  ) as Record<string, string>;
}

async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { violations } = await (window as unknown as { axe: typeof axe }).axe.run(document);
    return violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`,
    );
  });
}

/** A remote server with OAuth behind TLS, and its entry; the authorization server is oidc-provider. */
async function signInServerFor(home: ConsoleHome) {
  const [key, certificate] = [join(home.folder, 'key.pem'), join(home.folder, 'cert.pem')];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-keyout', key, '-out', certificate, '-days', '1', '-subj', '/CN=127.0.0.1'],
      ...['-addext', 'subjectAltName=IP:127.0.0.1'],
    ],
    { stdio: 'ignore' },
  );
  const authorization = await startAuthorizationServer();
  // An entry's endpoint is https, so what answers here has a certificate and passes on.
  let behind: Awaited<ReturnType<typeof startProtectedServer>> | undefined;
  const front = createServer(
    { key: readFileSync(key), cert: readFileSync(certificate) },
    async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const target = new URL(request.url ?? '/', behind?.url);
      const answer = await fetch(target, {
        method: request.method ?? 'GET',
        headers: { 'content-type': 'application/json', accept: request.headers.accept ?? '*/*' },
        ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
      });
      const headers = Object.fromEntries(answer.headers);
      const challenge = headers['www-authenticate']?.replaceAll(target.origin, origin);
      response.writeHead(answer.status, {
        'content-type': headers['content-type'] ?? 'text/plain',
        ...(challenge && { 'www-authenticate': challenge }),
      });
      response.end(Buffer.from(await answer.arrayBuffer()));
    },
  );
  await new Promise<void>((done) => front.listen(0, '127.0.0.1', done));
  const origin = `https://127.0.0.1:${(front.address() as AddressInfo).port}`;
  behind = await startProtectedServer({ issuer: authorization.issuer, resource: `${origin}/mcp` });
  home.write('harbour', {
    title: 'Harbour',
    description: 'Tells of the berths of a harbour to those who signed in there.',
    remote: { transport: 'streamable-http', url: `${origin}/mcp`, oauth: { required: true } },
  });
  return {
    issuer: authorization.issuer,
    certificate,
    revoked: () => authorization.revoked.length,
    async close() {
      front.close();
      front.closeAllConnections();
      await behind?.close();
      await authorization.close();
    },
  };
}
