import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Places, resolveVolumes } from '../../core/isolation/volumes.ts';

describe('volumes', () => {
  let root: string;
  let home: string;
  let socket: Server;

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'portolan-volumes-'));
    home = join(root, 'people', 'me');
    for (const folder of ['work/.aws', '.ssh', '.config/app', 'Library', 'deep/project']) {
      mkdirSync(join(home, folder), { recursive: true });
    }
    mkdirSync(join(root, 'people', 'you'));
    writeFileSync(join(home, 'work', 'file.txt'), '');
    symlinkSync(join(home, '.ssh'), join(home, 'work', 'innocent'));
    symlinkSync(join(home, 'deep', 'project'), join(home, 'work', 'project'));
    symlinkSync('/etc', join(home, 'work', 'system'));
    socket = createServer();
    await new Promise<void>((resolve) => socket.listen(join(home, 'work', 'engine.sock'), resolve));
  });
  afterAll(() => {
    socket.close();
    rmSync(root, { recursive: true, force: true });
  });

  function resolve(source: string, places: Partial<Places> = {}, target = '/data') {
    const [volume] = resolveVolumes('files', [{ source, target, access: 'read-only' }], {
      home,
      current: '/',
      allowed: [],
      ...places,
    });
    return volume?.source;
  }

  test('may be folders and files where people work, by their real paths', () => {
    for (const path of ['work', 'work/file.txt', 'deep/project']) {
      expect(resolve(join(home, path))).toBe(join(home, path));
    }
    expect(resolve(join(home, 'work', 'project'))).toBe(join(home, 'deep', 'project'));
    expect(resolve(join(root, 'people', 'you'))).toBe(join(root, 'people', 'you'));
  });

  test.each([
    ['the home folder', () => home, /home folder/],
    ['a folder that contains it', () => join(home, '..'), /home folder/],
    ['the root', () => '/', /home folder/],
    ['keys', () => join(home, '.ssh'), /credentials/],
    ['keys behind a link', () => join(home, 'work', 'innocent'), /really .*\.ssh.*credentials/],
    ['keys further down', () => join(home, 'work', '.aws'), /credentials/],
    ['settings', () => join(home, '.config', 'app'), /settings/],
    ['files of programs', () => join(home, 'Library'), /belongs to programs/],
    ['the system', () => '/etc', /not below/],
    ['the system behind a link', () => join(home, 'work', 'system'), /really \/etc.*not below/],
    ['a shared folder as a whole', () => '/tmp', /not below|home folder/],
    ['a socket', () => join(home, 'work', 'engine.sock'), /sockets and devices/],
    ['a device', () => '/dev/null', /sockets and devices/],
  ])('are refused for %s', (_, source, fault) => {
    expect(() => resolve(source())).toThrow(fault);
    expect(() => resolve(source())).toThrow(
      expect.objectContaining({ kind: 'forbidden', code: 'VOLUME_FORBIDDEN' }),
    );
  });

  test('that do not exist are an error of their own', () => {
    expect(() => resolve(join(home, 'nothing'))).toThrow(/files: permissions.volumes\[0\].*ENOENT/);
    expect(() => resolve('work')).toThrow(/not an absolute path/);
  });

  test('may be elsewhere when the user allows that place, but never keys', () => {
    expect(resolve('/usr/share', { allowed: ['/usr/share'] })).toBe('/usr/share');
    expect(() => resolve('/usr/lib', { allowed: ['/usr/share'] })).toThrow(/not below/);
    expect(() => resolve(join(home, '.ssh'), { allowed: [home] })).toThrow(/credentials/);
  });

  test('may be in the current folder, unless that is the system or holds the home folder', () => {
    expect(resolve(import.meta.dirname, { current: join(import.meta.dirname, '..') })).toBe(
      import.meta.dirname,
    );
    expect(() => resolve('/etc/ssl', { current: '/etc' })).toThrow(/not below/);
    expect(() => resolve('/usr/share', { current: '/' })).toThrow(/not below/);
  });

  test.each([
    '/',
    '/etc/passwd',
    '/proc',
    '/usr/bin',
    '/opt/portolan/server',
    '/lib64',
    '/data/../etc',
  ])('do not appear at %s', (target) => {
    expect(() => resolve(join(home, 'work'), {}, target)).toThrow(/belongs to the system inside/);
  });
});
