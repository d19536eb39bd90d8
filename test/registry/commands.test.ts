import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { generateRegistry } from '../../scripts/bench/generate-registry.ts';
import { validateRegistry } from '../../scripts/rules/run.ts';
import { edit, GOOD, NPM, registryOf, writeFiles } from '../rules/support.ts';

const scripts = join(import.meta.dirname, '..', '..', 'scripts');

function run(script: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(scripts, script), ...args], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

it('validate prints findings and exits with 1, and with 2 on a wrong command', () => {
  const good = registryOf(GOOD);
  expect(run('validate.ts', '--registry', good)).toMatchObject({ status: 0, stdout: '' });
  const bad = registryOf({
    ...GOOD,
    'servers/weather/server.yaml': edit(NPM, 'license: MIT', 'license: None'),
  });
  const { status, stdout, stderr } = run('validate.ts', '--registry', bad, 'weather');
  expect([status, stdout]).toEqual([
    1,
    'registry/servers/weather/server.yaml:8:10: license: "None" is not an SPDX license expression; write an id of spdx.org/licenses such as MIT or Apache-2.0, or LicenseRef-Proprietary for a service without published code\n',
  ]);
  expect(stderr).toMatch(/^1 entry checked in .* 1 finding\n$/);
  expect(run('validate.ts', '--registry', bad, '--format', 'github').stdout).toMatch(
    /^::error file=registry\/servers\/weather\/server\.yaml,line=8,col=10,title=license::/,
  );
  expect(
    JSON.parse(run('validate.ts', '--registry', bad, '--format', 'json').stdout).findings,
  ).toHaveLength(1);
  expect(run('validate.ts', '--registry', bad, 'wether')).toMatchObject({
    status: 2,
    stderr: 'there is no entry "wether"; did you mean weather?\n',
  });
  expect(run('validate.ts', '--registry', bad, '--format', 'xml').status).toBe(2);
  expect(run('validate.ts', '--registry', join(bad, 'x')).stderr).toContain(
    'there is no registry at',
  );
});

it('format rewrites what is not canonical, and --check only tells', () => {
  const registry = registryOf({
    ...GOOD,
    'servers/weather/server.yaml': `tools: static\n${edit(NPM, 'tools: static\n', '')}`,
  });
  const file = join(registry, 'servers/weather/server.yaml');
  const before = readFileSync(file, 'utf8');
  expect(run('format.ts', '--registry', registry, '--check', 'weather')).toMatchObject({
    status: 1,
  });
  expect(readFileSync(file, 'utf8')).toBe(before);
  expect(run('format.ts', '--registry', registry, 'weather')).toMatchObject({ status: 0 });
  expect(readFileSync(file, 'utf8')).toBe(NPM);
  expect(run('format.ts', '--registry', registry, '--check', 'weather')).toMatchObject({
    status: 0,
  });
});

it('import writes entries and a report, and tells what it cannot read', () => {
  const source = mkdtempSync(join(tmpdir(), 'portolan-import-'));
  writeFiles(source, {
    'servers/tides/server.yaml':
      'name: Tides\nabout: {title: Tides}\nremote: {transport_type: sse, url: "https://mcp.example.com/sse"}\n',
    'servers/broken/server.yaml': 'name: [\n',
    'servers/README.md': 'not an entry',
  });
  const [out, report] = [join(source, 'out'), join(source, 'report.json')];
  const { status, stdout } = run(
    'import.ts',
    'docker',
    source,
    '--out',
    out,
    '--report',
    report,
    '--registry',
    registryOf(GOOD),
  );
  expect([status, stdout]).toEqual([0, expect.stringContaining('2 entries imported into')]);
  expect(readFileSync(join(out, 'tides', 'server.yaml'), 'utf8')).toContain(
    'url: https://mcp.example.com/sse',
  );
  const { entries, unmapped } = JSON.parse(readFileSync(report, 'utf8'));
  expect(entries.map(({ name }: { name: string }) => name)).toEqual(['broken', 'tides']);
  expect(unmapped).toContainEqual(expect.objectContaining({ entry: 'broken', path: 'unreadable' }));
  expect(run('import.ts', 'docker', dirname(out))).toMatchObject({ status: 2 });
  expect(
    run(
      'import.ts',
      'server-json',
      join(source, 'servers/README.md'),
      '--out',
      out,
      '--report',
      report,
    ),
  ).toMatchObject({ status: 1 });
});

it('generated registries are valid and always the same, and threads find what one finds', async () => {
  const [one, two] = [registryOf({}), registryOf({})];
  await generateRegistry(one, 600, 7);
  await generateRegistry(two, 600, 7);
  const first = 'servers/aurora-cloud/server.yaml';
  expect(readFileSync(join(one, first))).toEqual(readFileSync(join(two, first)));
  expect(await validateRegistry(one, { threads: 2 })).toEqual({ findings: [], entries: 600 });
  const text = readFileSync(join(one, first), 'utf8');
  writeFiles(one, {
    [first]: edit(text, 'title: Aurora Cloud', 'title: Zephyr Cloud'),
    'servers/zzz/x': '',
  });
  const alone = await validateRegistry(one, { threads: 1 });
  expect(alone.findings.map(({ rule }) => rule).sort()).toEqual([
    'files',
    'unique-titles',
    'unique-titles',
  ]);
  expect(await validateRegistry(one, { threads: 2 })).toEqual(alone);
});

it.each(['publish.ts', 'mirror.ts', 'validate.ts', 'build-site.ts', 'nightly.ts', 'start.ts'])(
  'scripts tell what they take: %s --help',
  (script) => {
    const { status, stdout, stderr } = run(script, '--help');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^npm (run )?[a-z:]+/);
    expect(stdout).toMatch(/\n {2}--[a-z-]+ /);
    expect(stdout).not.toContain('*');
  },
);
