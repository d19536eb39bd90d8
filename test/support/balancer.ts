import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { freePort } from './free-port.ts';

export interface Balancer {
  /** Address for clients. */
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * A real balancer before two gateways, with the configuration that the documentation gives; only
 * addresses differ. `edit` may change more.
 */
export async function startBalancer(
  program: 'nginx' | 'haproxy',
  ports: readonly [number, number],
  edit: (config: string) => string = (config) => config,
): Promise<Balancer> {
  const folder = mkdtempSync(join(tmpdir(), 'portolan-balancer-'));
  const port = await freePort();
  const source = program === 'nginx' ? 'docs/deploy/nginx.conf' : 'docs/deploy/haproxy.cfg';
  const config = edit(readFileSync(source, 'utf8'))
    .replace('10.0.0.1:8811', `127.0.0.1:${ports[0]}`)
    .replace('10.0.0.2:8811', `127.0.0.1:${ports[1]}`)
    .replace('listen 8800', `listen 127.0.0.1:${port}`)
    .replace('0.0.0.0:8800', `127.0.0.1:${port}`)
    .replace('http {', `http {\n${temporaryFolders(folder)}`);
  const file = join(folder, 'config');
  writeFileSync(file, config);
  const global = `daemon off; master_process off; pid ${folder}/pid;`;
  const args = program === 'nginx' ? ['-c', file, '-g', global, '-p', folder] : ['-db', '-f', file];
  const child = spawn(program, args, {
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const late = Date.now() + 10_000;
  while (!(await answers(port))) {
    if (child.exitCode !== null || Date.now() > late) throw new Error(`${program}: ${stderr}`);
    await setTimeout(20);
  }
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    async stop() {
      child.kill('SIGTERM');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** nginx wants to write below /var, where only root may. */
function temporaryFolders(folder: string): string {
  return ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `  ${kind}_temp_path ${folder}/${kind};\n`)
    .join('');
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
