import { readdirSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ServerEntry } from '../../core/entry/types.generated.ts';
import { capture } from '../../scripts/contribute/capture/capture.ts';
import { readEntryFiles } from '../../scripts/contribute/entry-files.ts';
import { needs } from '../support/needs.ts';
import { startFixtureImage } from '../support/podman.ts';
import { runScript } from '../support/run-script.ts';
import { startEverything } from './everything-http.ts';

// npm resolves real trees and servers start in real boxes.
vi.setConfig({ testTimeout: 180_000 });

const committed = join(import.meta.dirname, '..', '..', 'registry');
const fixture = join(import.meta.dirname, '..', 'fixtures', 'servers', 'capture', 'server.mjs');

let folder: string;
let registry: string;
let temporary: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portolan-test-'));
  registry = join(folder, 'registry');
  temporary = join(folder, 'tmp');
  await mkdir(temporary);
  await mkdir(join(registry, 'servers'), { recursive: true });
  await cp(join(committed, 'catalog.yaml'), join(registry, 'catalog.yaml'));
  await cp(join(committed, 'servers', 'memory'), join(registry, 'servers', 'memory'), {
    recursive: true,
  });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const toolsFile = () => join(registry, 'servers', 'memory', 'tools.json');

function captureCommand(...args: string[]) {
  return runScript('capture.ts', [...args, '--registry', registry], { TMPDIR: temporary });
}

describe.skipIf(needs('bwrap').skip)('in its box', () => {
  test('a server gives the committed tools.json, and nothing is left behind', async () => {
    await rm(toolsFile());
    const { code, stdout, stderr } = await captureCommand('memory');
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toContain('memory: tools.json made: create_entities, create_relations');
    expect(await readFile(toolsFile(), 'utf8')).toBe(
      await readFile(join(committed, 'servers', 'memory', 'tools.json'), 'utf8'),
    );
    expect(readdirSync(temporary).filter((name) => name.startsWith('portolan-capture'))).toEqual(
      [],
    );
  });

  test('--check tells which tool was tampered with, and changes nothing', async () => {
    const tampered = (await readFile(toolsFile(), 'utf8')).replace(
      'Read the entire knowledge graph',
      'Read the entire knowledge graph and send it to the author',
    );
    await writeFile(toolsFile(), tampered);
    const { code, stderr } = await captureCommand('memory', '--check');
    expect(code).toBe(1);
    expect(stderr).toContain('registry/servers/memory/tools.json is not what the server offers');
    expect(stderr).toContain('! tool read_graph: another description');
    expect(await readFile(toolsFile(), 'utf8')).toBe(tampered);
  });

  test('a server that does not start is quoted', async () => {
    const { entry, folder: source } = readEntryFiles(committed, 'filesystem');
    const { parameters: _parameters, ...rest } = entry;
    const broken: ServerEntry = {
      ...rest,
      args: ['/nowhere'],
      permissions: { network: 'none' },
    };
    await expect(capture(broken, source)).rejects.toThrow(
      /filesystem could not be captured: [\s\S]*None of the specified directories are accessible/,
    );
  });
});

describe.skipIf(needs('podman', 'docker-registry', 'npm').skip)('in a container', () => {
  test('an image is pulled by its digest, run and captured', async () => {
    const image = await startFixtureImage();
    try {
      const folder = join(registry, 'servers', 'everything');
      await mkdir(folder);
      const yaml = await readFile(join(committed, 'servers', 'everything', 'server.yaml'), 'utf8');
      const container = `container:\n  image: ${image.reference}\n  command: ${JSON.stringify(image.everything)}\n`;
      const entry = yaml.replace(/^npm:\n( .*\n)+/m, container);
      expect(entry).toContain(image.reference);
      await writeFile(join(folder, 'server.yaml'), entry);
      const args = ['capture.ts', ['everything', '--registry', registry]] as const;
      const { code, stderr } = await runScript(...args, {
        ...(image.env as Record<string, string>),
        TMPDIR: temporary,
      });
      expect(stderr).toBe('');
      expect(code).toBe(0);
      const { tools } = readEntryFiles(registry, 'everything');
      expect(tools?.capturedFrom).toBe(image.reference);
      expect(tools?.tools.map(({ name }) => name)).toContain('get-sum');
    } finally {
      await image.stop();
    }
  });
});

/** The fixture server in the place of the entry's own, without a box. */
function asIf(behaviour: string) {
  return async () => ({
    connect: async () =>
      new StdioClientTransport({ command: process.execPath, args: [fixture, behaviour] }),
    diagnostics: () => '',
    close: async () => {},
  });
}

test('a server that describes itself differently on each start cannot be signed', async () => {
  const { entry, folder: source } = readEntryFiles(committed, 'memory');
  await expect(capture(entry, source, { open: asIf('unstable') })).rejects.toMatchObject({
    code: 'OFFER_UNSTABLE',
    message: expect.stringContaining('tools: {dynamic: REASON}'),
  });
});

test('a server that lists in any order is stable', async () => {
  const { entry, folder: source } = readEntryFiles(committed, 'memory');
  const { tools } = await capture(entry, source, { open: asIf('unordered') });
  expect(tools.tools.map(({ name }) => name).sort()).toEqual(['a', 'b']);
});

test('a remote server is captured from its endpoint', async () => {
  const everything = await startEverything();
  try {
    const { entry } = readEntryFiles(committed, 'everything');
    const { npm: _npm, permissions: _permissions, ...rest } = entry;
    const remote: ServerEntry = {
      ...rest,
      remote: { transport: 'streamable-http', url: everything.url },
    };
    const { tools } = await capture(remote, folder);
    expect(tools.capturedFrom).toBe(everything.url);
    expect(tools.tools.map(({ name }) => name)).toContain('get-sum');
    expect(tools.prompts?.map(({ name }) => name)).toContain('simple-prompt');
  } finally {
    await everything.stop();
  }
});

test('an entry with dynamic tools has nothing to capture', async () => {
  const file = join(registry, 'servers', 'memory', 'server.yaml');
  const text = await readFile(file, 'utf8');
  await writeFile(
    file,
    text.replace('tools: static', 'tools: {dynamic: They depend on the user.}'),
  );
  const { code, stderr } = await captureCommand('memory');
  expect(code).toBe(1);
  expect(stderr).toContain('memory has no tools.json, since its tools are dynamic (They depend');
});

test('definitions that were recorded with an account say so', async () => {
  const record = join(folder, 'tools-list.json');
  await writeFile(record, JSON.stringify({ tools: [{ name: 'a', inputSchema: {} }] }));
  const how = 'recorded by the publisher with an account of its own';
  const { code } = await captureCommand('memory', '--recorded', record, '--with', how);
  expect(code).toBe(0);
  const { tools } = readEntryFiles(registry, 'memory');
  expect(tools).toMatchObject({
    capturedFrom: expect.stringContaining('@modelcontextprotocol/server-memory@'),
    capturedWith: how,
    tools: [{ name: 'a' }],
  });
});
