import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Settings } from '../../core/entry/resolve.ts';
import type { ServerEntry } from '../../core/entry/types.generated.ts';
import { BOXES, type BoxSetup, isMissing, setUpBox } from '../support/boxes.ts';
import { type Probe, probePlan, startProbe } from '../support/probe.ts';

const SECRET = 'hunter2-very-secret-value';

describe.each(BOXES)('a server in $box', ({ box }) => {
  let setup: BoxSetup;
  const running: Probe[] = [];
  let folder: string;

  beforeAll(async () => {
    if (isMissing(box)) return;
    setup = await setUpBox(box);
    folder = mkdtempSync(join(tmpdir(), 'portolan-box-'));
    chmodSync(folder, 0o777);
    writeFileSync(join(folder, 'note.txt'), 'from the host');
  });
  afterEach(async () => {
    for (const probe of running.splice(0)) await probe.channel.close();
  });
  afterAll(async () => {
    await setup?.stop();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  async function start(parts: Partial<ServerEntry> = {}, settings: Partial<Settings> = {}) {
    const plan = probePlan({ ...setup.entry, ...parts }, settings);
    const probe = await startProbe(plan, setup.options);
    running.push(probe);
    return probe;
  }

  test.skipIf(isMissing(box))('has no user, no right and no network of the host', async () => {
    const probe = await start();
    const { value: id } = await probe.call('id');
    expect(id.uid).toBe(65_532);
    expect(id.gid).toBe(65_532);
    for (const kind of ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb']) {
      expect(id.status).toMatch(new RegExp(`^Cap${kind}:\\s+0+$`, 'm'));
    }
    expect(id.status).toMatch(/^NoNewPrivs:\s+1$/m);
    expect(id.status).toMatch(/^Seccomp:\s+2$/m);
    const interfaces = id.network.match(/^\s*\S+:/gm)?.map((line: string) => line.trim());
    expect(interfaces).toEqual(['lo:']);
    expect(await probe.call('connect', { host: '192.0.2.1', port: 443 })).toMatchObject({
      ok: false,
      value: expect.stringMatching(/ENETUNREACH/),
    });
    expect((await probe.call('resolve', { host: 'example.com' })).ok).toBe(false);
  });

  // Engines bring a filter of their own.
  const ownFilter = box === 'bubblewrap' ? test : { skipIf: () => () => {} };
  ownFilter.skipIf(isMissing(box) || !existsSync('/usr/bin/perl'))(
    'is refused system calls that reach beyond it',
    async () => {
      const probe = await start();
      const numbers = { x64: [248, 250, 272, 321, 165], arm64: [217, 219, 97, 280, 40] };
      for (const number of numbers[process.arch as 'x64'] ?? []) {
        const script = `syscall(${number}, 0, 0, 0, 0, 0); print $! + 0`;
        const answer = await probe.call('run', { program: '/usr/bin/perl', args: ['-e', script] });
        expect(answer, `system call ${number}`).toEqual({ ok: true, value: '1' });
      }
    },
  );

  test.skipIf(isMissing(box))('sees only its own processes', async () => {
    const probe = await start();
    const { value } = await probe.call('list', { path: '/proc' });
    const ids = value.filter((name: string) => /^\d+$/.test(name));
    expect(ids.length).toBeLessThanOrEqual(3);
  });

  test.skipIf(isMissing(box))('can write to /tmp and nowhere else', async () => {
    const probe = await start();
    for (const path of [
      '/x',
      '/etc/x',
      '/usr/x',
      '/opt/x',
      '/dev/x',
      '/proc/sys/kernel/hostname',
    ]) {
      const answer = await probe.call('write_file', { path, text: 'x' });
      expect(answer, path).toMatchObject({
        ok: false,
        value: expect.stringMatching(/EROFS|EACCES|EPERM/),
      });
    }
    expect((await probe.call('write_file', { path: '/tmp/x', text: 'x' })).ok).toBe(true);
  });

  test.skipIf(isMissing(box))('finds no file of the host', async () => {
    const probe = await start();
    for (const path of ['/root', '/home', '/var', '/mnt', '/run/podman', process.cwd()]) {
      const { ok, value } = await probe.call('list', { path });
      if (ok) expect(value, path).toEqual([]);
    }
    const shadow = await probe.call('read_file', { path: '/etc/shadow' });
    expect(shadow.ok).toBe(false);
    const hostname = readFileSync('/etc/hosts', 'utf8');
    expect((await probe.call('read_file', { path: '/etc/hosts' })).value).not.toBe(hostname);
  });

  test.skipIf(isMissing(box))('gets the declared variables and no other', async () => {
    process.env.PORTOLAN_TEST_STRAY = 'must not be seen';
    const probe = await start(
      {
        parameters: { properties: { level: { type: 'string', description: 'Level of detail.' } } },
        env: { LEVEL: '{level}' },
      },
      { parameters: { level: 'a b=c "d"' } },
    );
    delete process.env.PORTOLAN_TEST_STRAY;
    const { value: env } = await probe.call('env');
    expect(env.LEVEL).toBe('a b=c "d"');
    const known = [
      'HOME',
      'HOSTNAME',
      'LANG',
      'LEVEL',
      'PATH',
      'PWD',
      'TERM',
      'TMPDIR',
      'container',
    ];
    expect(Object.keys(env).filter((name) => !known.includes(name))).toEqual([]);
  });

  test.skipIf(isMissing(box))('gets its secret, which no process of the host shows', async () => {
    const probe = await start(
      { secrets: [{ name: 'key', description: 'The key.' }], env: { API_KEY: '{key}' } },
      { secrets: { key: SECRET } },
    );
    expect((await probe.call('env')).value.API_KEY).toBe(SECRET);
    const lines = commandLines();
    expect(lines.some((line) => line.includes('server.mjs'))).toBe(true);
    expect(lines.filter((line) => line.includes(SECRET))).toEqual([]);
    await probe.call('log', { text: `the key is ${SECRET}, ${encodeURIComponent(SECRET)}` });
    await expect.poll(() => probe.channel.diagnostics?.()).toContain('the key is [redacted]');
    expect(probe.channel.diagnostics?.()).not.toContain(SECRET);
    expect(JSON.stringify(probe.channel.info)).not.toContain(SECRET);
  });

  test.skipIf(isMissing(box))('has its volumes as declared', async () => {
    const volume = (access: 'read-only' | 'read-write'): Partial<ServerEntry> => ({
      parameters: { properties: { folder: { type: 'string', description: 'A folder.' } } },
      permissions: { network: 'none', volumes: [{ path: '{folder}', target: '/data', access }] },
      args: ['{folder}'],
    });
    const settings = { parameters: { folder } };
    const reader = await start(volume('read-only'), settings);
    expect((await reader.call('args')).value).toEqual(['/data']);
    expect((await reader.call('read_file', { path: '/data/note.txt' })).value).toBe(
      'from the host',
    );
    expect(await reader.call('write_file', { path: '/data/new.txt', text: 'x' })).toMatchObject({
      ok: false,
      value: expect.stringMatching(/EROFS/),
    });
    const writer = await start(volume('read-write'), settings);
    expect((await writer.call('write_file', { path: '/data/new.txt', text: 'x' })).ok).toBe(true);
    expect(readFileSync(join(folder, 'new.txt'), 'utf8')).toBe('x');
  });

  test.skipIf(isMissing(box))('has no more processes than declared', async () => {
    const probe = await start({ permissions: { network: 'none', resources: { pids: 40 } } });
    // Each child has several threads, which count too.
    const { value } = await probe.call('fork', { count: 30 });
    expect(value.running).toBeLessThan(8);
    expect(value.failed).toBeGreaterThan(2);
  });

  test.skipIf(isMissing(box))('is ended when it takes more memory than declared', async () => {
    const probe = await start({ permissions: { network: 'none', resources: { memory: '128m' } } });
    await expect(probe.call('memory', { megabytes: 512 })).rejects.toThrow(/closed/);
    expect(await probe.closed).toMatchObject({ code: 'SERVER_GONE' });
    // conmon leaves such a file where the engine's client was started.
    expect(existsSync('oom')).toBe(false);
  });

  test.skipIf(isMissing(box))('leaves no child behind, however detached', async () => {
    const mark = `left-by-${box.replaceAll(' ', '-')}-${process.pid}`;
    const probe = await start();
    expect((await probe.call('leave_child', { mark })).ok).toBe(true);
    await expect.poll(() => commandLines().some((line) => line.includes(mark))).toBe(true);
    await probe.channel.close();
    await expect.poll(() => commandLines().some((line) => line.includes(mark))).toBe(false);
  });

  test.skipIf(isMissing(box))('has no more room in /tmp than declared', async () => {
    const probe = await start({ permissions: { network: 'none', resources: { tmp: '1m' } } });
    const text = 'x'.repeat(2 ** 21);
    expect(await probe.call('write_file', { path: '/tmp/big', text })).toMatchObject({
      ok: false,
      value: expect.stringMatching(/ENOSPC/),
    });
  });
});

/** Command lines of all processes that the host sees. */
function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8')];
      } catch {
        return [];
      }
    });
}
