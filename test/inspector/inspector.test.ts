import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { everything, fixture, gatewayOf, httpOf, upstream } from '../support/gateway.ts';
import { needs } from '../support/needs.ts';

const folder = import.meta.dirname;
const program = join(
  folder,
  'node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js',
);
const TOKEN = 'a-token-for-the-inspector-that-nobody-guesses';

const REQUESTS: readonly (readonly string[])[] = [
  ['tools/list'],
  ['tools/call', '--tool-name', 'get-sum', '--tool-arg', 'a=1', 'b=2'],
  ['tools/call', '--tool-name', 'get-tiny-image'],
  ['tools/call', '--tool-name', 'get-structured-content', '--tool-arg', 'location=Chicago'],
  ['prompts/list'],
  ['prompts/get', '--prompt-name', 'args-prompt', '--prompt-args', 'city=Genoa'],
  ['resources/list'],
  ['resources/templates/list'],
  ['resources/read', '--uri', 'demo://resource/static/document/features.md'],
  ['logging/setLevel', '--log-level', 'debug'],
];

describe.skipIf(needs('npm').skip)("the MCP Inspector's command line", () => {
  let home: string;

  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'portolan-inspector-'));
    if (existsSync(program)) return;
    // 110 MB that nothing else needs, so they are not among the packages of this repository.
    const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: folder,
      stdio: ['ignore', 2, 2],
    });
    expect(status).toBe(0);
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  const inspect = (target: readonly string[], [method, ...args]: readonly string[]) =>
    new Promise<string>((resolve, reject) => {
      execFile(
        process.execPath,
        [program, '--cli', ...target, '--method', String(method), ...args],
        { env: { ...process.env, HOME: home, MCP_CATALOG_PATH: join(home, 'mcp.json') } },
        (error, stdout, stderr) => (error ? reject(new Error(stderr)) : resolve(stdout)),
      );
    });

  it.each(REQUESTS.map((request) => ({ request, line: request.join(' ') })))(
    'sees the same on stdio with and without the gateway: $line',
    async ({ request }) => {
      const [direct, through] = await Promise.all([
        inspect(everything, request),
        inspect(fixture('gateway-stdio.ts'), request),
      ]);
      expect(through).toBe(direct);
      expect(through.length).toBeGreaterThan(1);
    },
  );

  it.each(['http', 'sse'])(
    'sees the same over %s, with a token',
    { timeout: 120_000 },
    async (transport) => {
      const gateway = gatewayOf([upstream('everything', everything)]);
      const endpoint = await httpOf(gateway, {
        tokens: [{ name: 'inspector', token: TOKEN }],
        legacySse: true,
      });
      const url = transport === 'sse' ? endpoint.url.replace('/mcp', '/sse') : endpoint.url;
      const target = ['--transport', transport, '--server-url', url];
      const header = ['--header', `Authorization: Bearer ${TOKEN}`];
      for (const request of REQUESTS.slice(0, 3)) {
        expect(await inspect([...target, ...header], request)).toBe(
          await inspect(everything, request),
        );
      }
      await expect(inspect([...target, '--stored-auth-only'], ['tools/list'])).rejects.toThrow();
    },
  );
});
