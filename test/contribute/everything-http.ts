import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

/** server-everything on streamable HTTP: a real remote server, on a loopback port of the system's. */
export async function startEverything(): Promise<{ url: string; stop(): Promise<void> }> {
  const manifest = createRequire(import.meta.url).resolve(
    '@modelcontextprotocol/server-everything/package.json',
  );
  const script = join(dirname(manifest), 'dist', 'index.js');
  const loopback = join(import.meta.dirname, 'loopback.mjs');
  const child = spawn(process.execPath, ['--import', loopback, script, 'streamableHttp'], {
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stderr })) {
    said.push(line);
    const port = /^loopback port (\d+)$/.exec(line)?.[1];
    if (!port) continue;
    child.stderr.resume();
    return {
      url: `http://127.0.0.1:${port}/mcp`,
      async stop() {
        const gone = once(child, 'exit');
        child.kill('SIGKILL');
        await gone;
      },
    };
  }
  throw new Error(`server-everything ended: ${said.join(' ')}`);
}
