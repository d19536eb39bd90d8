import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectClient, disconnectClient } from '../../gateway/clients/connect.ts';
import { configFile, findClient } from '../../gateway/clients/locate.ts';
import { CLIENTS } from '../../gateway/clients/table.ts';
import {
  backupsOf,
  connectionsIn,
  entriesOfClient,
  type Target,
} from '../../gateway/clients/target.ts';
import { undoClient } from '../../gateway/clients/undo.ts';
import { fixtureOf, LAUNCH } from './fixture.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'portolan-clients-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function targetOf(id: string, content?: string): Target {
  const client = findClient(id);
  const path = configFile(client, { platform: 'linux', env: {}, home });
  if (content !== undefined) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return { client, path, stateDir: join(home, 'state') };
}
const read = ({ path }: Target) => readFileSync(path, 'utf8');

describe.each(CLIENTS.map(({ id }) => id))('%s', (id) => {
  it('is connected and disconnected without a trace, with a byte order mark too', async () => {
    const before = `\uFEFF${fixtureOf(findClient(id))}`;
    const target = targetOf(id, before);
    expect(await connectClient(target, LAUNCH)).toEqual({ path: target.path, done: 'added' });
    expect(read(target).startsWith('\uFEFF')).toBe(true);
    expect(connectionsIn(await entriesOfClient(target))).toEqual([
      {
        name: 'portolan',
        args: LAUNCH.args.slice(3),
        servers: ['a', 'b'],
        all: false,
        discover: false,
      },
    ]);
    expect((await connectClient(target, LAUNCH)).done).toBe('nothing');
    expect((await disconnectClient(target, 'portolan')).done).toBe('removed');
    expect(read(target)).toBe(before);
  });

  it('gets a file of its own where it has none, which goes again', async () => {
    const target = targetOf(id);
    await connectClient(target, LAUNCH);
    expect(connectionsIn(await entriesOfClient(target))).toHaveLength(1);
    expect(statSync(target.path).mode & 0o777).toBe(0o600);
    await disconnectClient(target, 'portolan');
    expect(existsSync(target.path)).toBe(false);
  });
});

describe('the file', () => {
  it.each(['', '{ }', '{\n}\n', '// nothing\n', '{\n  "mcpServers": null\n}\n'])(
    'becomes what it was, however odd: %j',
    async (before) => {
      const target = targetOf('cursor', before);
      await connectClient(target, LAUNCH);
      await connectClient(target, { ...LAUNCH, args: ['-y', 'portolan', 'run', '--all'] });
      await disconnectClient(target, 'portolan');
      expect(read(target)).toBe(before);
    },
  );

  it('keeps what others have changed since', async () => {
    const target = targetOf('cursor', '{\n  "a": 1\n}\n');
    await connectClient(target, LAUNCH);
    writeFileSync(target.path, read(target).replace('"a": 1,', '"a": 2, // two'));
    await disconnectClient(target, 'portolan');
    expect(read(target)).toBe('{\n  "a": 2 // two\n}\n');
  });

  it('keeps its mode, and the link that leads to it', async () => {
    const target = targetOf('zed', fixtureOf(findClient('zed')));
    const real = join(home, 'dotfiles.json');
    writeFileSync(real, '{\n}\n');
    chmodSync(real, 0o664);
    rmSync(target.path);
    symlinkSync('../../dotfiles.json', target.path);
    await connectClient(target, LAUNCH);
    expect(readFileSync(real, 'utf8')).toContain('portolan');
    expect(statSync(real).mode & 0o777).toBe(0o664);
    await undoClient(target);
    expect(readFileSync(real, 'utf8')).toBe('{\n}\n');
    expect(read(target)).toBe('{\n}\n');
  });

  it('is left alone when it is broken', async () => {
    const target = targetOf('cursor', '{\n  "mcpServers": {\n    "a": 1,,\n  }\n}\n');
    await expect(connectClient(target, LAUNCH)).rejects.toMatchObject({
      kind: 'malformed',
      code: 'CLIENT_CONFIG_MALFORMED',
      message: expect.stringContaining(`${target.path}:3:12: `),
    });
    expect(read(target)).toContain('1,,');
    expect(await backupsOf(target)).toEqual([]);
  });

  it('is left alone when it is not UTF-8', async () => {
    const target = targetOf('cursor', '');
    writeFileSync(target.path, Buffer.from('\uFEFF{}', 'utf16le'));
    await expect(connectClient(target, LAUNCH)).rejects.toThrow(/is not UTF-8/);
  });

  it('takes the entries of writers that come at the same time', async () => {
    const target = targetOf('codex', fixtureOf(findClient('codex')));
    const names = Array.from({ length: 8 }, (_, index) => `portolan-${index}`);
    await Promise.all(names.map((name) => connectClient(target, { ...LAUNCH, name })));
    const found = connectionsIn(await entriesOfClient(target)).map(({ name }) => name);
    expect(found.toSorted()).toEqual(names);
    await Promise.all(names.map((name) => disconnectClient(target, name)));
    expect(read(target)).toBe(fixtureOf(findClient('codex')));
  });
});

describe('an entry of somebody else', () => {
  const foreign = '{"mcpServers":{"portolan":{"command":"harbour-chart","args":["run"]}}}';

  it('is neither replaced nor removed', async () => {
    const target = targetOf('cursor', foreign);
    const refusal = { kind: 'forbidden', code: 'ENTRY_FOREIGN' };
    await expect(connectClient(target, LAUNCH)).rejects.toMatchObject(refusal);
    await expect(disconnectClient(target, 'portolan')).rejects.toMatchObject(refusal);
    expect(read(target)).toBe(foreign);
  });

  it('is replaced by force, and comes back', async () => {
    const target = targetOf('cursor', foreign);
    expect((await connectClient(target, LAUNCH, { force: true })).done).toBe('replaced');
    await undoClient(target);
    expect(read(target)).toBe(foreign);
  });
});

describe('undo', () => {
  it('walks back one change after the other', async () => {
    const target = targetOf('goose', fixtureOf(findClient('goose')));
    const states = [read(target)];
    await connectClient(target, LAUNCH);
    states.push(read(target));
    await connectClient(target, { ...LAUNCH, name: 'second' });
    states.push(read(target));
    await disconnectClient(target, 'portolan');
    for (const state of states.reverse()) {
      await undoClient(target);
      expect(read(target)).toBe(state);
    }
    await expect(undoClient(target)).rejects.toMatchObject({ code: 'NOTHING_TO_UNDO' });
  });

  it('refuses to lose what others wrote, unless forced, and can undo even that', async () => {
    const target = targetOf('amp', '{}\n');
    await connectClient(target, LAUNCH);
    const changed = read(target).replace('{', '{ // theirs');
    writeFileSync(target.path, changed);
    await expect(undoClient(target)).rejects.toMatchObject({ code: 'CLIENT_FILE_CHANGED' });
    expect(read(target)).toBe(changed);
    await undoClient(target, { force: true });
    expect(read(target)).toBe('{}\n');
    await undoClient(target);
    expect(read(target)).toBe(changed);
  });

  it('keeps its backups from others, and not for ever', async () => {
    const target = targetOf('amp', '{}\n');
    for (let round = 0; round < 12; round++) {
      await connectClient(target, LAUNCH);
      await disconnectClient(target, 'portolan');
    }
    expect(await backupsOf(target)).toHaveLength(20);
    const folder = join(home, 'state', 'backups', 'amp');
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const file of readdirSync(folder)) {
      expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
    }
  });
});

describe('a dry run', () => {
  it.each(['connect', 'disconnect', 'undo'])(
    'of %s changes nothing and shows no credential',
    async (verb) => {
      const target = targetOf(
        'cursor',
        `{
  // GITHUB_TOKEN=commented-hunter2
  "mcpServers": {
    "a": { "command": "x", "args": ["--api-key", "arg-hunter2", "--url", "https://h/?k=query-hunter2"], "env": { "A": "env-hunter2", "B": "s3" } }
  }
}
`,
      );
      const connect = (options: object) => connectClient(target, LAUNCH, options);
      if (verb !== 'connect') await connect({});
      const before = read(target);
      const kept = (await backupsOf(target)).length;
      const outcome =
        verb === 'connect'
          ? await connect({ dryRun: true })
          : verb === 'disconnect'
            ? await disconnectClient(target, 'portolan', { dryRun: true })
            : await undoClient(target, { dryRun: true });
      expect(outcome.diff).toContain(
        verb === 'connect' ? '+    "portolan": {' : '-    "portolan": {',
      );
      expect(outcome.diff).toContain('"command": "x"');
      expect(outcome.diff).not.toMatch(/hunter2|s3/);
      expect(read(target)).toBe(before);
      expect(await backupsOf(target)).toHaveLength(kept);
    },
  );

  it('does not make a file', async () => {
    const target = targetOf('kiro');
    expect((await connectClient(target, LAUNCH, { dryRun: true })).diff).toContain('+++ ');
    await expect(entriesOfClient(target)).resolves.toEqual(new Map());
  });
});
