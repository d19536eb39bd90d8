import { type IncomingMessage, request as plainRequest, type ServerResponse } from 'node:http';
import { request as secureRequest } from 'node:https';
import { PASSED_ON } from './replicas.ts';

/** Milliseconds in which another replica must take the connection. */
const CONNECT_MS = 5_000;

/** Headers that belong to one hop (RFC 9110, 7.6.1); the body's length is known anew. */
const HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-length',
]);

/**
 * Lets another replica answer a request, byte for byte. The caller's own headers go along, its
 * token too: each replica decides for itself whom it lets in.
 *
 * `onGone` is called instead when that replica cannot be reached, before anything was answered.
 */
export function passOn(
  home: string,
  request: IncomingMessage,
  response: ServerResponse,
  body: string | undefined,
  onGone: () => void,
): void {
  const bytes = body === undefined ? undefined : Buffer.from(body);
  const headers = Object.fromEntries(
    Object.entries(request.headers).filter(([name]) => !HOP.has(name)),
  );
  const send = home.startsWith('https:') ? secureRequest : plainRequest;
  const onward = send(home, {
    method: request.method,
    headers: {
      ...headers,
      [PASSED_ON]: '1',
      ...(bytes && { 'content-length': bytes.length }),
    },
  });
  let connected = false;
  const timer = setTimeout(() => {
    if (!connected) onward.destroy(new Error('no connection in time'));
  }, CONNECT_MS);
  onward.on('socket', (socket) => {
    const taken = () => {
      connected = true;
      clearTimeout(timer);
    };
    if (socket.connecting) socket.once('connect', taken);
    else taken();
  });
  onward.on('response', (answer) => {
    const kept = Object.entries(answer.headers).filter(([name]) => !HOP.has(name));
    const length = answer.headers['content-length'];
    response.writeHead(answer.statusCode ?? 502, {
      ...Object.fromEntries(kept),
      ...(length !== undefined && { 'content-length': length }),
    });
    response.flushHeaders();
    answer.pipe(response);
    // The replica ended in the middle of an answer: the client must not take it for whole.
    answer.on('error', () => response.destroy());
  });
  onward.on('error', () => {
    clearTimeout(timer);
    if (response.headersSent) response.destroy();
    else if (!response.destroyed) onGone();
  });
  response.once('close', () => onward.destroy());
  onward.end(bytes);
}
