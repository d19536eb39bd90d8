import type { Server } from 'node:http';
import { hasErrno, PortolanError } from '../../core/errors.ts';
import { isLoopback } from './guard.ts';

/** Opens the port. Throws `failed` / `PORT_TAKEN`, which names the option to choose another one. */
export function listen(
  server: Server,
  host: string,
  port: number,
  option = '--port',
): Promise<void> {
  return new Promise((resolve, fail) => {
    server.once('error', (error) => {
      fail(
        hasErrno(error, 'EADDRINUSE')
          ? new PortolanError(
              'failed',
              'PORT_TAKEN',
              `port ${port} on ${host} is in use; choose another one with ${option}`,
              { cause: error },
            )
          : error,
      );
    });
    server.listen(port, host, () => resolve());
  });
}

/** Names under which a server answers; none are checked when it is open to the network unnamed. */
export function allowedHosts(host: string, more: readonly string[]): string[] {
  if (!isLoopback(host) && more.length === 0) return [];
  return ['localhost', '127.0.0.1', '[::1]', host, ...more].map((name) => name.toLowerCase());
}
