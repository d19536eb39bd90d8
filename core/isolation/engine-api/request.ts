import { request } from 'node:http';
import type { Duplex } from 'node:stream';

/** Answer of an engine's API; `body` is its text. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: string;
}

/** A connection that has become a stream of bytes; `head` holds those that came already. */
export interface Hijacked {
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** Asks an engine over its socket. Rejects when it cannot be reached. */
export async function callApi(
  socket: string,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  signal?: AbortSignal,
): Promise<ApiAnswer> {
  const answer = await ask(socket, method, path, {}, signal);
  return 'status' in answer ? answer : { status: 101, body: '' };
}

/** Asks for a stream instead of an answer; the answer all the same where the engine refuses. */
export function hijack(socket: string, path: string): Promise<Hijacked | ApiAnswer> {
  return ask(socket, 'POST', path, { connection: 'Upgrade', upgrade: 'tcp' });
}

function ask(
  socketPath: string,
  method: string,
  path: string,
  headers: Record<string, string>,
  signal?: AbortSignal,
): Promise<Hijacked | ApiAnswer> {
  return new Promise((resolve, reject) => {
    // Without a version in the path engines speak the newest that they know; all that is used here
    // has been the same since 2014. No agent: each connection is closed after its answer.
    const asked = request({
      socketPath,
      method,
      path,
      headers: { host: 'engine', ...headers },
      agent: false,
      ...(signal ? { signal } : {}),
    });
    asked.on('error', reject);
    asked.on('upgrade', (_, socket, head) => resolve({ socket, head }));
    asked.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body = (body + text).slice(-65_536);
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    asked.end();
  });
}

/** What an engine says of a request that it refuses. */
export function refusalOf({ status, body }: ApiAnswer): string {
  try {
    const { message } = JSON.parse(body) as { message?: unknown };
    if (typeof message === 'string') return message.trim();
  } catch {
    // Said below.
  }
  return `its engine answered with status ${status}`;
}
