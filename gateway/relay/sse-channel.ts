import type { IncomingMessage } from 'node:http';
import { messageOf } from '../../core/errors.ts';
import type { Channel, JsonRpcMessage } from '../../core/isolation/channel.ts';
import type { HttpChannelOptions } from './http-channel.ts';
import { createPoster, HttpFailure, Sending } from './http-post.ts';
import { createSseParser } from './sse-parser.ts';

/**
 * Opens a conversation over HTTP with server-sent events, the transport of revision 2024-11-05: one
 * stream brings all messages, and its first event says where messages are to be posted.
 */
export async function openSseChannel(options: HttpChannelOptions): Promise<Channel> {
  const post = createPoster(options);
  const stop = new Sending();
  options.signal?.addEventListener('abort', () => stop.cancel(), { once: true });
  const stream = await post('GET', undefined, { accept: 'text/event-stream' }, stop);
  const type = String(stream.headers['content-type']);
  if (stream.statusCode !== 200 || !type.startsWith('text/event-stream')) {
    stream.resume();
    throw new HttpFailure(`HTTP ${stream.statusCode} ${type} instead of an event stream`);
  }
  let notes = '';
  let closed = false;
  let announce: (target: URL) => void = () => {};
  const endpoint = new Promise<URL>((resolve, reject) => {
    announce = resolve;
    stream.once('close', () => reject(new HttpFailure('the stream ended before it began')));
  });

  const channel: Channel = {
    onMessage: () => {},
    onClose: () => {},
    async send(message) {
      if (closed) throw new HttpFailure('the conversation was closed');
      const headers = { 'content-type': 'application/json' };
      const target = await endpoint;
      const response = await post('POST', JSON.stringify(message), headers, new Sending(), target);
      response.resume();
      if ((response.statusCode ?? 500) >= 400) {
        throw new HttpFailure(`HTTP ${response.statusCode} for a message`);
      }
    },
    pause: () => void stream.pause(),
    resume: () => void stream.resume(),
    async close() {
      stop.cancel();
      end();
    },
    diagnostics: () => notes,
  };

  const end = (reason?: Error) => {
    if (closed) return;
    closed = true;
    channel.onClose(reason);
  };
  readStream(stream, options.url, {
    onEndpoint: (target) => announce(target),
    onMessage: (message) => channel.onMessage(message),
    onFault: (text) => {
      notes = `${notes}${text}\n`.slice(-4000);
    },
  });
  stream.once('error', (error) => end(closed ? undefined : error));
  stream.once('close', () => end(new HttpFailure('its stream ended')));
  await endpoint;
  return channel;
}

function readStream(
  stream: IncomingMessage,
  url: string,
  on: {
    onEndpoint(target: URL): void;
    onMessage(message: JsonRpcMessage): void;
    onFault(text: string): void;
  },
): void {
  const parse = createSseParser(({ event, data }) => {
    try {
      if (event === 'message') return on.onMessage(JSON.parse(data));
      if (event !== 'endpoint') return;
      const target = new URL(data, url);
      // Credentials go with every message, so they may not be sent to another server.
      if (target.origin !== new URL(url).origin)
        on.onFault(`it names ${target.origin} for messages`);
      else on.onEndpoint(target);
    } catch (error) {
      on.onFault(`an event that is no message: ${messageOf(error)}`);
    }
  });
  stream.setEncoding('utf8').on('data', parse);
}
