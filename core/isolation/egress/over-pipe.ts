import { performServerHandshake, type ServerHttp2Session } from 'node:http2';
import { Duplex, type Readable, type Writable } from 'node:stream';
import { type EgressProxy, MAX_CONNECTIONS } from './proxy.ts';

/** Takes the connections of a forwarder that come as streams of HTTP/2 over one pair of pipes. */
export function acceptOverPipe(
  readable: Readable,
  writable: Writable,
  proxy: Pick<EgressProxy, 'accept'>,
): ServerHttp2Session {
  const pipe = Duplex.from({ readable, writable });
  pipe.on('error', () => {});
  const session = performServerHandshake(pipe, {
    settings: { maxConcurrentStreams: MAX_CONNECTIONS },
  });
  session.on('error', () => {});
  session.on('stream', (stream) => {
    stream.on('error', () => {});
    stream.respond({ ':status': 200 });
    proxy.accept(stream);
  });
  return session;
}
