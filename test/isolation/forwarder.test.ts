import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { rolldown } from 'rolldown';
import { describe, expect, test } from 'vitest';
import { openProxy } from '../../core/isolation/egress/proxy.ts';

const source = join(import.meta.dirname, '..', '..', 'core', 'isolation', 'egress', 'forwarder.ts');

/** Stands in for a server: its main thread is blocked while its child asks for something. */
const BLOCKED = `
import { execFileSync } from 'node:child_process';
const [url] = process.argv.slice(2);
const ask = 'fetch(process.argv[1]).then((answer) => answer.text()).then(console.log)';
console.log(execFileSync(process.execPath, ['-e', ask, url], { encoding: 'utf8' }).trim());
`;

describe.skipIf(process.platform !== 'linux')('the forwarder', () => {
  test('works from its bundled text, also for a server that blocks', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'portolan-forwarder-'));
    const upstream = createServer((request, response) =>
      response.end(`you asked ${request.headers.host}`),
    );
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    const { port } = upstream.address() as AddressInfo;
    // As the runner is bundled: the function must survive that on its own.
    const bundle = await rolldown({ input: source, platform: 'node' });
    const minify = { mangle: false, compress: true, codegen: true } as const;
    await bundle.write({ file: join(folder, 'bundle.mjs'), format: 'esm', minify });
    await bundle.close();
    const { forwarderSource } = (await import(
      join(folder, 'bundle.mjs')
    )) as typeof import('../../core/isolation/egress/forwarder.ts');

    const socket = join(folder, 'egress.sock');
    const proxy = await openProxy(socket, {
      rules: [{ host: 'service.test', port, chosenByUser: true }],
      resolveHost: async () => ['127.0.0.1'],
    });
    const hosts = [{ address: '127.9.0.77', port, host: 'service.test' }];
    writeFileSync(join(folder, 'forwarder.mjs'), forwarderSource({ socket, proxyPort: 0, hosts }));
    writeFileSync(join(folder, 'server.mjs'), BLOCKED);
    try {
      const args = ['--import', join(folder, 'forwarder.mjs'), join(folder, 'server.mjs')];
      const { stdout } = await promisify(execFile)(process.execPath, [
        ...args,
        `http://127.9.0.77:${port}/`,
      ]);
      expect(stdout.trim()).toBe(`you asked 127.9.0.77:${port}`);
      await proxy.ready;
    } finally {
      upstream.close();
      await proxy.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
