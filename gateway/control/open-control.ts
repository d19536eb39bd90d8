import { randomBytes } from 'node:crypto';
import { chmod, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { messageOf, PortolanError } from '../../core/errors.ts';
import { writeFileAtomic } from '../../core/files.ts';
import { identityOf } from '../../core/isolation/process-identity.ts';
import { defaultRunDir, openRunDir } from '../../core/isolation/run-folder.ts';
import { readLines } from '../endpoint/lines.ts';
import type { Gateway } from '../relay/gateway.ts';
import { ensurePrivateFolder } from '../vault/private-files.ts';
import {
  type Announcement,
  announcements,
  type ControlMessage,
  type ControlRequest,
  isToken,
} from './announcement.ts';
import type { GatewayFacts, GatewayStatus } from './status.ts';
import type { Watch } from './watch.ts';

export interface ControlOptions {
  readonly gateway: Pick<Gateway, 'status' | 'clients' | 'stopServer'>;
  readonly watch: Watch;
  readonly facts: GatewayFacts;
  readonly version: string;
  readonly stateDir: string;
  /** Ends the gateway. */
  readonly stop: () => void;
}

/** The way in for `portolan ps`, `stop` and `logs`. */
export interface ControlSocket {
  /** Takes the announcement back. */
  close(): Promise<void>;
}

/** A listener that does not read is not waited for: it loses events beyond this many bytes. */
const MOST_WAITING = 2 ** 20;
const MOST_CONNECTIONS = 64;

/**
 * Opens the control socket of a running gateway and announces it in the state folder. Both are for
 * the same user only: whoever may use them can stop the gateway.
 */
export async function openControlSocket(options: ControlOptions): Promise<ControlSocket> {
  const folder = announcements(options.stateDir);
  await ensurePrivateFolder(folder);
  const token = randomBytes(24).toString('base64url');
  const startedAt = new Date(Date.now() - process.uptime() * 1000).toISOString();
  const { pid, started } = identityOf(process.pid);
  const socket = socketPath(folder);
  if (process.platform !== 'win32') await rm(socket, { force: true });

  const status = (): GatewayStatus => ({
    pid,
    version: options.version,
    startedAt,
    ...options.facts,
    clients: options.gateway.clients(),
    servers: options.gateway
      .status()
      .map((server) => ({ ...server, ...options.watch.totals(server.name, server.profile) })),
  });
  const server = createServer((connection) => serve(connection, token, status, options));
  server.maxConnections = MOST_CONNECTIONS;
  await listen(server, socket);
  // The gateway must not live on because somebody looks at it.
  server.unref();
  if (process.platform !== 'win32') await chmod(socket, 0o600);
  const path = join(folder, `${pid}.json`);
  const { version } = options;
  const announcement: Announcement = { pid, started, socket, token, version, startedAt };
  await writeFileAtomic(path, JSON.stringify(announcement), { mode: 0o600 });
  return {
    async close() {
      server.close();
      await rm(path, { force: true });
      if (process.platform !== 'win32') await rm(socket, { force: true });
    },
  };
}

function serve(
  connection: Socket,
  token: string,
  status: () => GatewayStatus,
  { gateway, watch, stop }: ControlOptions,
): void {
  const send = (message: ControlMessage) => connection.write(`${JSON.stringify(message)}\n`);
  const stopListening: (() => void)[] = [];
  connection.unref();
  connection.on('error', () => {});
  connection.once('close', () => {
    for (const step of stopListening) step();
  });
  const answer = async ({ method, server }: ControlRequest): Promise<unknown> => {
    switch (method) {
      case 'status':
        return status();
      case 'events':
        if (stopListening.length > 0) return {};
        stopListening.push(
          watch.listen((event) => {
            if (connection.writableLength < MOST_WAITING) send({ event });
          }),
        );
        return {};
      case 'stop':
        if (server === undefined) {
          // After the answer.
          setImmediate(stop);
          return {};
        }
        if (await gateway.stopServer(server)) return {};
        throw new PortolanError('usage', 'SERVER_UNKNOWN', `it does not serve "${server}"`);
      default:
        throw new PortolanError('usage', 'CONTROL_UNKNOWN', `there is no method "${method}"`);
    }
  };
  const receive = async (line: string) => {
    let request: ControlRequest;
    try {
      request = JSON.parse(line) as ControlRequest;
      if (!isToken(request.token, token)) throw new Error('no token');
    } catch {
      return connection.destroy();
    }
    try {
      send({ id: request.id, result: await answer(request) });
    } catch (error) {
      const code = error instanceof PortolanError ? error.code : 'BUG';
      send({ id: request.id, error: { code, message: messageOf(error) } });
    }
  };
  readLines(connection, (line) => void receive(line), {
    maxBytes: 65_536,
    onTooLong: () => connection.destroy(),
  });
}

/** Beside the announcement, or in the shorter run folder: a socket's path may have 103 bytes. */
function socketPath(folder: string): string {
  if (process.platform === 'win32') {
    return `\\\\.\\pipe\\portolan-${process.pid}-${randomBytes(8).toString('hex')}`;
  }
  const name = `${process.pid}.sock`;
  const path = join(folder, name);
  if (Buffer.byteLength(path) <= 103) return path;
  const runDir = defaultRunDir();
  openRunDir(runDir);
  return join(runDir, `gateway-${name}`);
}

function listen(server: Server, socket: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, () => {
      server.off('error', reject);
      server.on('error', () => {});
      resolve();
    });
  });
}
