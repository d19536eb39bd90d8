import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { PortolanError } from '../../core/errors.ts';

/** The gateway as a child process, as a user would run it. */
export interface RunningGateway {
  readonly url: string;
  readonly tokenFile: string;
  readonly isolation: string;
  /** Configuration for a client that talks to it over stdio. */
  readonly snippet: string;
  /** Resolves when the process ends by itself. */
  readonly ended: Promise<void>;
  failed(): boolean;
  close(): Promise<void>;
}

export interface GatewayOptions {
  readonly port: number;
  readonly servers: string;
  readonly isolation: string;
}

/** Starts the built runner over dist/catalog and waits until it answers. */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const runner = resolve('dist/portolan.mjs');
  const tokenFile = resolve('.portolan/token');
  const common = [
    'run',
    '--catalog',
    `oci-layout:${resolve('dist/catalog')}`,
    '--key',
    resolve('.portolan/dev.pub'),
    '--servers',
    options.servers,
    '--isolation',
    options.isolation,
  ];
  const child = spawn(
    process.execPath,
    [
      runner,
      ...common,
      '--transport',
      'http',
      '--port',
      String(options.port),
      '--token-file',
      tokenFile,
    ],
    // A group of its own: Ctrl-C reaches this script alone, which then ends the gateway in order.
    { stdio: ['ignore', 'inherit', 'pipe'], detached: process.platform !== 'win32' },
  );
  const exited = new Promise<number>((done) => child.once('exit', (code) => done(code ?? 1)));
  let code: number | undefined;
  let closing = false;
  exited.then((value) => {
    code = value;
  });

  let isolation = 'unknown';
  const lines = createInterface({ input: child.stderr });
  const ready = new Promise<void>((done) => {
    lines.on('line', (line) => {
      console.error(line);
      isolation = /^portolan: isolation: (.*)$/.exec(line)?.[1] ?? isolation;
      if (line.startsWith('portolan: ready')) done();
    });
  });
  await Promise.race([ready, exited]);
  if (code !== undefined) {
    throw new PortolanError(
      'failed',
      'GATEWAY_FAILED',
      'the gateway did not start (its message is above); if its port is in use, choose another one with --gateway-port N',
    );
  }
  return {
    url: `http://127.0.0.1:${options.port}/mcp`,
    tokenFile,
    isolation,
    snippet: JSON.stringify(
      { mcpServers: { portolan: { command: process.execPath, args: [runner, ...common] } } },
      null,
      2,
    ),
    ended: exited.then(() => {}),
    failed: () => code !== undefined && code !== 0 && !closing,
    async close() {
      closing = true;
      child.kill('SIGTERM');
      await exited;
    },
  };
}
