import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { withFileLock } from '../../core/file-lock.ts';
import { openVault } from '../../gateway/vault/vault.ts';
import { addKeychain, keychainIn, temporaryFolder } from './support.ts';

const child = (name: string) => join(import.meta.dirname, `${name}.child.ts`);

async function lockPath(): Promise<string> {
  const folder = join(await temporaryFolder(), 'locks');
  await mkdir(folder, { mode: 0o700 });
  return join(folder, 'a.lock');
}

test('three processes that write at the same time lose no secret', async () => {
  const home = await temporaryFolder();
  await addKeychain(home);
  const writers = ['0', '1', '2'].map((writer) =>
    spawn(process.execPath, [child('write-secrets'), home, writer, '6'], { stdio: 'inherit' }),
  );
  const codes = await Promise.all(writers.map(async (writer) => (await once(writer, 'exit'))[0]));
  expect(codes).toEqual([0, 0, 0]);
  const vault = openVault({ home, ...keychainIn(home) });
  expect(await vault.list()).toHaveLength(18);
  for (const { address } of await vault.list()) {
    const [, writer, index] = /^w(\d)_(\d)$/.exec(address.name) ?? [];
    expect(await vault.get(address)).toBe(`${writer} ${index}`);
  }
  expect(await readdir(join(home, 'vault'))).toEqual(['secrets.json']);
  // Each may have made a key for the new vault; those that were not needed are gone.
  const keys = (await readdir(home)).filter((name) => /^docker-credential-tests\.\w+$/.test(name));
  expect(keys).toHaveLength(1);
});

test('a writer that is killed at any moment leaves a vault that opens', async () => {
  const home = await temporaryFolder();
  await addKeychain(home);
  const vault = openVault({ home, ...keychainIn(home) });
  const first = { profile: 'work', server: 'github', name: 'first' };
  await vault.set(first, 'there before');
  for (let round = 0; round < 3; round += 1) {
    const writer = spawn(process.execPath, [child('write-secrets'), home, String(round), '500']);
    const last = { ...first, name: `w${round}_${round * 3}` };
    while (!(await vault.list()).some(({ address }) => address.name === last.name)) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    writer.kill('SIGKILL');
    await once(writer, 'exit');
    expect(await vault.get(first)).toBe('there before');
    expect(await vault.get(last)).toBe(`${round} ${round * 3}`);
  }
});

test('actions under one lock never overlap', async () => {
  const path = await lockPath();
  let inside = 0;
  let most = 0;
  const action = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise((resolve) => setImmediate(resolve));
    inside -= 1;
  };
  await Promise.all(Array.from({ length: 20 }, () => withFileLock(path, action)));
  expect(most).toBe(1);
});

test('the lock of a killed process is taken over; that of a living one is respected', async () => {
  const path = await lockPath();
  const holder = spawn(process.execPath, [child('hold-lock'), path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void holder.kill('SIGKILL'));
  await once(holder.stdout, 'data');
  const refused = withFileLock(path, async () => 'in', { patienceMs: 100 });
  await expect(refused).rejects.toMatchObject({ code: 'LOCKED' });
  await expect(refused).rejects.toThrow(`process ${holder.pid}`);
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  const order: number[] = [];
  await Promise.all(
    [1, 2, 3, 4].map((number) => withFileLock(path, async () => void order.push(number))),
  );
  expect(order.sort()).toEqual([1, 2, 3, 4]);
});

test('a pid that belongs to another process by now does not hold a lock', async () => {
  const path = await lockPath();
  await writeFile(path, `${hostname()} ${process.pid} abc 1\n`);
  expect(await withFileLock(path, async () => 'in', { patienceMs: 1_000 })).toBe('in');
});

test('the lock of another machine is respected while it is fresh', async () => {
  const path = await lockPath();
  await writeFile(path, `not-${hostname()} 1 abc 1\n`);
  await expect(withFileLock(path, async () => 'in', { patienceMs: 50 })).rejects.toThrow(/not-/);
  const longAgo = new Date(Date.now() - 120_000);
  await utimes(path, longAgo, longAgo);
  expect(await withFileLock(path, async () => 'in', { patienceMs: 50 })).toBe('in');
});

test('a failing action gives the lock back', async () => {
  const path = await lockPath();
  await expect(withFileLock(path, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await expect(access(path)).rejects.toThrow('ENOENT');
});
