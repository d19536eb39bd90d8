import { describe, expect, it } from 'vitest';
import { iconFaults } from '../../scripts/rules/icon.ts';
import { hostFault } from '../../scripts/rules/public-host.ts';
import { afterEdit, edit, findingsOf, json, LOCK, linesOf, NPM, REMOTE, TOOLS } from './support.ts';

describe('public hosts', () => {
  it.each([
    ['127.0.0.1', 'loopback'],
    ['2130706433', 'loopback'],
    ['0x7f.1', 'loopback'],
    ['10.1.2.3', 'private'],
    ['192.168.0.1', 'private'],
    ['169.254.169.254', 'link local'],
    ['100.64.0.1', 'carrier grade nat'],
    ['0.0.0.0', 'unspecified'],
    ['224.0.0.1', 'multicast'],
    ['[::1]', 'loopback'],
    ['[fe80::1]', 'link local'],
    ['[fc00::1]', 'unique local'],
    ['[::ffff:127.0.0.1]', 'loopback'],
  ])('does not take %s', (host, range) => {
    expect(hostFault(host)).toBe(`${host} is a ${range} address`);
  });

  it.each(['localhost', 'db.internal', 'nas.local', 'x.home.arpa', 'hidden.onion', 'LOCALHOST.'])(
    'does not take the name %s',
    (host) => expect(hostFault(host)).toBe(`${host} is a name of a local network`),
  );

  it('takes public names and addresses', () => {
    expect(
      ['example.com', 'a.b.co.uk', '8.8.8.8', '[2606:4700::1111]', 'face.cafe'].map(hostFault),
    ).toEqual(Array(5).fill(undefined));
  });
});

describe('URLs', () => {
  it.each([
    ['https://127.0.0.1/mcp', '127.0.0.1 is a loopback address'],
    ['https://169.254.169.254/x', '169.254.169.254 is a link local address'],
    ['https://mcp.tides.internal/mcp', 'mcp.tides.internal is a name of a local network'],
    ['https://me:word@tides.example.com/mcp', 'the URL holds a user name or a password'],
    ['https://tides/mcp', 'tides is not a full host name'],
  ])('refuses the endpoint %s', async (url, fact) => {
    const text = edit(REMOTE, 'https://mcp.tides.example.com/mcp', url);
    const lines = await findingsOf({ 'servers/tides/server.yaml': text });
    expect(lines).toContain(`tides/server.yaml:11:8: remote.url: ${fact}`);
  });

  it('refuses look-alike hosts and http', async () => {
    expect(
      await afterEdit('https://weather.example.com\n', 'https://xn--wather-4ve.example.com\n'),
    ).toEqual([
      'weather/server.yaml:11:8: publisher.url: the host is xn--wather-4ve.example.com, a name with letters outside of ASCII',
    ]);
    expect(
      await linesOf({
        'servers/tides/server.yaml': edit(REMOTE, 'url: https://mcp.', 'url: http://mcp.'),
      }),
    ).toEqual([
      'tides/server.yaml:11:8: remote.url: the endpoint is not https; give its https address',
    ]);
  });
});

describe('network permissions', () => {
  it.each([
    ['localhost:80', "localhost is a name of a local network, which is the user's to grant"],
    ['169.254.169.254:80', "169.254.169.254 is a link local address, which is the user's to grant"],
    ['"*.com:443"', '*.com covers a whole top-level domain'],
    ['example.com:70000', '70000 is not a port'],
  ])('refuses %s', async (host, fact) => {
    expect(await afterEdit('[api.weather.example.com:443]', `[${host}]`)).toEqual([
      `weather/server.yaml:44:13: permissions.network.allow[0]: ${fact}`,
    ]);
  });

  it('takes wildcards of a domain and all hosts', async () => {
    expect(
      await afterEdit('[api.weather.example.com:443]', '["*.example.com:443", "*:443"]'),
    ).toEqual([]);
  });
});

describe('licenses', () => {
  it.each([
    'MIT',
    'Apache-2.0 OR MIT',
    'GPL-2.0-only WITH Classpath-exception-2.0',
    'LicenseRef-Proprietary',
  ])('takes %s', async (license) =>
    expect(await afterEdit('license: MIT', `license: ${license}`)).toEqual([]),
  );

  it.each([
    ['Apache 2.0', '"Apache 2.0" is not an SPDX license expression'],
    ['LicenseRef-Mine', '"LicenseRef-Mine" names a license that only its author knows'],
    ['MIT OR SSPL-1.0', 'this catalog does not take servers under SSPL-1.0'],
  ])('refuses %s', async (license, fact) => {
    expect(await afterEdit('license: MIT', `license: ${license}`)).toEqual([
      `weather/server.yaml:8:10: license: ${fact}`,
    ]);
  });
});

describe('lockfile', () => {
  const withPackage = (part: object) =>
    json({
      ...LOCK,
      packages: {
        ...LOCK.packages,
        'node_modules/wind': { ...LOCK.packages['node_modules/wind'], ...part },
      },
    });

  it('must be there, for npm entries only', async () => {
    const { 'weather/server.yaml': _, ...rest } = {
      'servers/tides/package-lock.json': json(LOCK),
    } as Record<string, string>;
    expect(await linesOf(rest)).toEqual([
      'tides/package-lock.json:1:1: only an npm entry has a lockfile; remove the file',
    ]);
    expect(await afterEdit('name: weather', 'name: weather')).toEqual([]);
  });

  it.each([
    [
      { resolved: 'https://npm.example.com/wind.tgz' },
      'node_modules/wind names where it comes from (https://npm.example.com/wind.tgz)',
    ],
    [
      { resolved: 'git+ssh://git@github.com/a/b.git#1' },
      'node_modules/wind names where it comes from',
    ],
    [{ link: true }, 'node_modules/wind is a link to another folder'],
    [{ integrity: 'sha1-AAAA' }, 'node_modules/wind has no sha512 integrity'],
    [{ integrity: undefined }, 'node_modules/wind has no sha512 integrity'],
  ])('refuses a package with %j', async (part, fact) => {
    const [line, ...more] = await findingsOf({
      'servers/weather/package-lock.json': withPackage(part),
    });
    expect(line).toMatch('weather/package-lock.json:18:5: packages["node_modules/wind"]: ');
    expect(line).toContain(fact);
    expect(more).toEqual([]);
  });

  it('belongs to the package of the entry', async () => {
    expect(await afterEdit('version: 2.0.1', 'version: 2.0.2')).toEqual([
      expect.stringContaining(
        'weather/package-lock.json:10:7: packages[""].dependencies: its root depends on',
      ),
      expect.stringContaining(
        'weather/package-lock.json:14:5: packages["node_modules/@example/weather"]: ',
      ),
      'weather/tools.json:2:19: capturedFrom: the tools are those of "@example/weather@2.0.1", the entry is "@example/weather@2.0.2"',
    ]);
  });

  it('is no JSON, or of an old version', async () => {
    expect(await findingsOf({ 'servers/weather/package-lock.json': '{' })).toEqual([
      expect.stringContaining('weather/package-lock.json:1:1: it is not JSON'),
    ]);
    expect(
      await findingsOf({
        'servers/weather/package-lock.json': json({ ...LOCK, lockfileVersion: 2 }),
      }),
    ).toEqual(['weather/package-lock.json:1:1: it has lockfileVersion 2, not 3']);
  });
});

describe('tools.json', () => {
  const withTools = (part: object) => ({
    'servers/weather/tools.json': json({ ...TOOLS, ...part }),
  });

  it('must not be edited by hand', async () => {
    const twice = json(TOOLS).replace(
      '"name": "forecast"',
      '"name": "x",\n      "name": "forecast"',
    );
    expect(await findingsOf({ 'servers/weather/tools.json': twice })).toEqual([
      'weather/tools.json:1:1: the file was edited by hand, or a key stands twice in one object',
    ]);
  });

  it('is in step with the entry', async () => {
    expect(await linesOf(withTools({ capturedFrom: '@example/weather@2.0.0' }))).toEqual([
      'weather/tools.json:2:19: capturedFrom: the tools are those of "@example/weather@2.0.0", the entry is "@example/weather@2.0.1"; run npm run capture -- weather',
    ]);
    expect(
      await afterEdit('tools: static', 'tools: {dynamic: They depend on the account.}'),
    ).toEqual(['weather/tools.json:1:1: the tools are dynamic, but tools.json lists them']);
  });

  it('must be there when the tools are static', async () => {
    const text = edit(
      REMOTE,
      'tools: {dynamic: Tools depend on the harbours of the account.}',
      'tools: static',
    );
    expect(await findingsOf({ 'servers/tides/server.yaml': text })).toEqual([
      'tides/server.yaml:12:8: tools: the tools are static, but there is no tools.json',
    ]);
  });

  it('has tools that clients can tell apart and models can call', async () => {
    const [tool] = TOOLS.tools;
    expect(await findingsOf(withTools({ tools: [tool, tool] }))).toEqual([
      expect.stringContaining('tools[1].name: "forecast" is the name of two tools'),
    ]);
    expect(await findingsOf(withTools({ tools: [{ ...tool, name: 'fоrecast' }] }))).toEqual([
      expect.stringContaining('tools[0].name: "fоrecast" is not a name that models accept'),
    ]);
    expect(await findingsOf(withTools({ tools: [{ ...tool, inputSchema: {} }] }))).toEqual([
      expect.stringContaining(
        'tools[0].inputSchema: the input of a tool must be a JSON Schema of type object',
      ),
    ]);
  });

  it('has the shape of its schema', async () => {
    expect(await findingsOf(withTools({ tools: [{ name: 'x' }] }))).toEqual([
      'weather/tools.json:11:5: tools[0].inputSchema: it is missing',
    ]);
    expect(await findingsOf({ 'servers/weather/tools.json': '{"a": 1,}' })).toContainEqual(
      expect.stringContaining('weather/tools.json:1:9: this is not JSON'),
    );
  });
});

describe('icon', () => {
  const svg = (inside: string, attributes = '') =>
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"${attributes}>${inside}</svg>`;

  it.each([
    svg('<circle cx="4" cy="4" r="3" fill="hsl(10 60% 40%)"/>'),
    `<?xml version="1.0"?>\n<!-- drawn by hand -->\n${svg('<defs><linearGradient id="a"><stop offset="0"/></linearGradient></defs><path fill="url(#a)" d="M0 0h8"/>')}`,
    svg('<title>A &amp; B</title><use href="#a"/>'),
  ])('takes %s', (text) => {
    expect([...iconFaults(text)]).toEqual([]);
  });

  it.each([
    [svg('<script>alert(1)</script>'), 'it has a <script> element'],
    [svg('<foreignObject/>'), 'it has a <foreignObject> element'],
    [svg('<style>@import "x"</style>'), 'it has a <style> element'],
    [svg('<animate attributeName="href"/>'), 'it has a <animate> element'],
    [svg('<a href="https://example.com"/>'), 'it has a <a> element'],
    [svg('<image href="data:image/png;base64,AAAA"/>'), 'it has a <image> element'],
    [
      svg('<use xlink:href="https://example.com/a.svg#b"/>'),
      'it refers to something outside of itself',
    ],
    [svg('', ' onload="alert(1)"'), 'it has an event handler (onload)'],
    [
      svg('<rect onclick=alert(1) />'),
      'it has an attribute without a quoted value (onclick=alert(1))',
    ],
    [
      svg('<rect fill="url(https://example.com/x)"/>'),
      'the attribute fill loads something or runs code',
    ],
    [
      svg('<rect style="background:u\\72l(x)"/>'),
      'the attribute style loads something or runs code',
    ],
    [
      svg('<rect id="&#106;avascript"/>'),
      'it has a character reference, which could spell out what is refused',
    ],
    [
      `<!DOCTYPE svg [<!ENTITY x "y">]>${svg('')}`,
      'it has a document type, an entity or a CDATA section',
    ],
    [svg('<path d="M0 0'), 'it is not well-formed SVG'],
    ['<html></html>', 'the root element is not svg'],
    ['<svg xmlns="http://www.w3.org/2000/svg"></svg>', 'it has no viewBox, so it cannot be scaled'],
  ])('refuses %s', (text, fact) => {
    expect([...iconFaults(text)].map((fault) => fault.fact)).toContain(fact);
  });

  it('tells the place', async () => {
    const text = svg('\n<path d="M0 0"/>\n<script>x</script>\n');
    expect(await findingsOf({ 'servers/weather/icon.svg': text })).toEqual([
      'weather/icon.svg:3:1: it has a <script> element',
    ]);
  });

  it('is small', async () => {
    expect(await findingsOf({ 'servers/weather/icon.svg': svg(' '.repeat(40_000)) })).toEqual([
      'weather/icon.svg:1:1: the file has 40064 bytes',
    ]);
  });
});

it('keeps NPM a good entry', () => expect(NPM).toContain('tools: static'));
