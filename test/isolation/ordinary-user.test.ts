import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { needs } from '../support/needs.ts';

const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

/** Continuous integration often runs as root; users do not, and namespaces then work otherwise. */
describe.skipIf(needs('bwrap').skip)('bubblewrap for an ordinary user', () => {
  test('keeps a server in its box, with ports below 1024 of its own', async () => {
    const upstream = createServer((_, response) => response.end('reached'));
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    const { port } = upstream.address() as AddressInfo;
    const child = join(import.meta.dirname, 'ordinary-user.child.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [child, String(port)], {
      env: { PATH: process.env.PATH, HOME: '/tmp' },
      cwd: '/',
      ...(isRoot ? { uid: NOBODY, gid: NOBODY } : {}),
    });
    upstream.close();
    const found = JSON.parse(stdout);
    expect(found.lowPorts).toBe(true);
    expect(found.hosts).toContain('127.9.0.1\tservice.test');
    expect(found.reached).toContain('reached');
    expect(found.id.uid).toBe(65_532);
    expect(found.id.status).toMatch(/^CapEff:\s+0+$/m);
    expect(found.id.status).toMatch(/^CapBnd:\s+0+$/m);
    expect(found.forked.running).toBeLessThan(10);
    expect(found.sysctl.ok).toBe(false);
  });
});
