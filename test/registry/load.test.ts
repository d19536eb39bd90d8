import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toLine } from '../../scripts/registry/format-findings.ts';
import { loadRegistry, requireValid } from '../../scripts/registry/load.ts';
import { type Files, GOOD, NPM, registryOf } from '../rules/support.ts';

async function load(files: Files) {
  return await loadRegistry(registryOf({ ...GOOD, ...files }));
}

async function findings(files: Files) {
  return (await load(files)).findings.map(toLine);
}

const yaml = (text: string | Uint8Array) => ({ 'servers/weather/server.yaml': text });
const at = 'registry/servers/weather/server.yaml';

it('gives entries by name, with tools, lockfile and the bytes of each', async () => {
  const registry = requireValid(await load({ 'servers/weather/readme.md': '# Weather\n' }));
  expect(registry.servers.map(({ name }) => name)).toEqual(['tides', 'weather']);
  const weather = registry.servers[1];
  expect(weather?.entry.npm?.package).toBe('@example/weather');
  expect(weather?.tools?.captured?.tools.map(({ name }) => name)).toEqual(['forecast']);
  expect(weather?.readme?.bytes.toString()).toBe('# Weather\n');
  expect(JSON.parse(weather?.lock?.bytes.toString() ?? '').lockfileVersion).toBe(3);
  expect(registry.config.namespace).toBe('com.example');
});

it('loads only what is asked for', async () => {
  const folder = registryOf(GOOD);
  const { servers } = await loadRegistry(folder, { only: ['tides', 'nobody'] });
  expect(servers.map(({ name }) => name)).toEqual(['tides']);
});

it('says where there is no registry', async () => {
  const folder = join(registryOf(GOOD), 'nowhere');
  await expect(loadRegistry(folder)).rejects.toMatchObject({ code: 'REGISTRY_MISSING' });
});

it('does not hand out an invalid registry as a valid one', async () => {
  const registry = await load(yaml('name: weather\n'));
  expect(() => requireValid(registry)).toThrow(
    'registry/servers/weather does not have the shape of its schema; npm run validate shows every finding',
  );
});

describe('YAML', () => {
  it.each([
    ['a key twice', 'name: a\nname: b\n', ':2:1: this key stands twice in the same mapping'],
    ['a tab', 'npm:\n\tpackage: a\n', ':2:1: a tab is used for indentation'],
    ['an alias', 'a: &x 1\nb: *x\n', ':2:5: an alias (*name) is used'],
    ['a bomb', 'a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n', ':2:9: an alias (*name) is used'],
    ['a tag', 'a: !!binary aGk=\n', ':1:4: a tag (!name) is used'],
    ['two documents', 'a: 1\n---\nb: 2\n', ':1:1: the file holds several YAML documents'],
    ['nothing', '', ':1:1: the file is empty'],
    ['a null byte', 'a: "\0"\n', ':1:5: the file holds control characters'],
    [
      'deep nesting',
      `a: ${'['.repeat(60)}${']'.repeat(60)}\n`,
      'the nesting is deeper than 40 levels',
    ],
    ['a list as key', '? [a]\n: 1\n', ':1:1: a key is a list or a mapping'],
    ['a colon too many', 'a: b: c\n', ':1:5: YAML finds a second ": " or a wrong indentation here'],
    ['an open bracket', 'a: [1\n', 'this is not YAML: '],
  ])('tells %s', async (_, text, expected) => {
    const lines = await findings(yaml(text));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(at);
    expect(lines[0]).toContain(expected);
  });

  it('reads dates, yes and hexadecimal as text, and numbers as numbers', async () => {
    const { servers } = await load(yaml('a: 2024-01-01\nb: yes\nc: 0x1f\nd: 0000e12\ne: 1.10\n'));
    expect(servers[1]?.data).toEqual({
      a: '2024-01-01',
      b: 'yes',
      c: '0x1f',
      d: '0000e12',
      e: 1.1,
    });
  });

  it('cannot be used to reach the prototype of objects', async () => {
    const { servers } = await load(yaml('__proto__: {polluted: true}\n'));
    expect(Object.keys(servers[1]?.data as object)).toEqual(['__proto__']);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe('files', () => {
  it('are UTF-8 with LF', async () => {
    expect(await findings(yaml(Buffer.from('name: caf\xe9\n', 'latin1')))).toEqual([
      `${at}:1:10: the file is not UTF-8; save it as UTF-8`,
    ]);
    expect(await findings(yaml(`\ufeff${NPM}`))).toEqual([
      `${at}:1:1: the file starts with a byte order mark; save it without one`,
    ]);
    expect(await findings(yaml(NPM.replace('name: weather\n', 'name: weather\r\n')))).toEqual([
      `${at}:2:14: a line ends with CR LF; end lines with LF; npm run format does it`,
    ]);
  });

  it('are few and small', async () => {
    expect(await findings({ 'servers/weather/evil.sh': 'x' })).toEqual([
      'registry/servers/weather/evil.sh:1:1: this file does not belong to an entry; remove it; an entry has server.yaml, tools.json, readme.md, icon.svg, package-lock.json',
    ]);
    expect(await findings(yaml(`# ${'x'.repeat(70_000)}\n`))).toEqual([
      `${at}:1:1: the file has 70003 bytes; keep it within 65536 bytes`,
    ]);
    expect(await findings({ 'servers/notes.txt': 'x' })).toEqual([
      'registry/servers/notes.txt:1:1: this is not a folder; move it; each entry is a folder of its own here',
    ]);
  });

  it('are files of the folder itself', async () => {
    const folder = registryOf(GOOD);
    const weather = join(folder, 'servers', 'weather');
    rmSync(join(weather, 'tools.json'));
    symlinkSync('/etc/hostname', join(weather, 'tools.json'));
    symlinkSync(weather, join(folder, 'servers', 'linked'));
    mkdirSync(join(weather, 'icon.svg'));
    mkdirSync(join(folder, 'servers', 'empty'));
    const { findings, servers } = await loadRegistry(folder);
    expect(findings.map(toLine)).toEqual([
      'registry/servers/empty/server.yaml:1:1: the entry has no server.yaml; add it, or remove the folder',
      'registry/servers/linked:1:1: this is a symbolic link; move it; each entry is a folder of its own here',
      'registry/servers/weather/icon.svg:1:1: this is not a file; put a file here, or remove it',
      'registry/servers/weather/tools.json:1:1: this is a symbolic link; put the file itself here',
    ]);
    expect(servers.find(({ name }) => name === 'weather')?.tools).toBeUndefined();
  });

  it('include a catalog.yaml', async () => {
    const folder = registryOf(GOOD);
    rmSync(join(folder, 'catalog.yaml'));
    expect((await loadRegistry(folder)).findings.map(toLine)).toEqual([
      'registry/catalog.yaml:1:1: the registry has no catalog.yaml; add it; docs/own-catalog.md shows one',
    ]);
    writeFileSync(join(folder, 'catalog.yaml'), 'title: [');
    const broken = await loadRegistry(folder);
    expect(broken.config).toBeUndefined();
    expect(broken.findings[0]?.file).toBe('registry/catalog.yaml');
  });
});
