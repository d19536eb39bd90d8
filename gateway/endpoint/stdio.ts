import type { Readable, Writable } from 'node:stream';
import type { JsonRpcMessage } from '../../core/isolation/channel.ts';
import type { Gateway } from '../relay/gateway.ts';
import type { Outlet } from '../relay/inbound.ts';
import { CODE, errorMessage } from '../relay/protocol.ts';
import { receiveAny } from './batch.ts';
import { readLines } from './lines.ts';

export interface StdioOptions {
  readonly stdin: Readable;
  readonly stdout: Writable;
  /** Bytes of the longest message that is accepted; 256 MiB. */
  readonly maxMessageBytes?: number;
  /** Milliseconds that open calls get to finish after the end of stdin; 5,000. */
  readonly graceMs?: number;
}

export interface StdioEndpoint {
  /** Resolves when the client is gone and its calls are over; the gateway is still open. */
  readonly closed: Promise<void>;
  /** Ends the endpoint without waiting for open calls. */
  close(): void;
}

/** Serves one client over a pair of streams, one message a line, whatever revision it speaks. */
export function serveStdio(gateway: Gateway, options: StdioOptions): StdioEndpoint {
  const { stdin, stdout, maxMessageBytes = 256 * 1024 * 1024, graceMs = 5000 } = options;
  let ended = false;
  let resolveClosed = () => {};
  const closed = new Promise<void>((resolve) => {
    resolveClosed = resolve;
  });
  const write = lineWriter(stdout, (held) => gateway.hold(held));
  const outlet: Outlet & { endAll(messages: readonly JsonRpcMessage[]): void } = {
    gapMs: 5,
    send: write,
    end(message) {
      write(message);
      if (ended) setImmediate(finishWhenIdle);
    },
    endAll(messages) {
      if (messages.length > 0) write(messages);
    },
  };
  const client = gateway.connect({ key: 'stdio', principal: 'stdio', outlet });

  const finish = () => {
    if (client.closed) return;
    void gateway.disconnect(client, true).then(resolveClosed);
  };
  const finishWhenIdle = () => {
    const open = [...client.calls.keys()].filter((id) => !client.listens.has(id));
    if (open.length === 0) finish();
  };

  readLines(
    stdin,
    (line) => {
      let message: unknown;
      try {
        message = JSON.parse(line);
      } catch {
        return write(errorMessage(null, CODE.parse, 'a line is not JSON'));
      }
      receiveAny(gateway, client, message, outlet);
    },
    {
      maxBytes: maxMessageBytes,
      onTooLong: () =>
        write(
          errorMessage(
            null,
            CODE.invalidRequest,
            `a message is longer than ${maxMessageBytes} bytes`,
          ),
        ),
    },
  );
  stdin.once('end', () => {
    ended = true;
    finishWhenIdle();
    setTimeout(finish, graceMs).unref();
  });
  stdin.once('error', finish);
  // A client that closed its end of stdout cannot be told anything any more.
  stdout.once('error', finish);
  stdout.once('close', finish);
  return { closed, close: finish };
}

/** How long a result waits behind the progress that it follows, in ms. */
const PROGRESS_GAP_MS = 5;

/** So much may wait for a client that does not read; then its servers have to wait as well. */
const MOST_WAITING_BYTES = 64 * 1024 * 1024;

/**
 * Writes messages as lines; those of one turn of the event loop go out in one write.
 *
 * A result does not go out in the same write as progress: clients built on the SDK hand
 * notifications on in a later turn than results, and forget the progress handler with the result, so
 * the last step of a call would be lost on its way.
 */
function lineWriter(
  stdout: Writable,
  hold: (held: boolean) => void,
): (message: JsonRpcMessage | readonly JsonRpcMessage[]) => void {
  let lines: string[] = [];
  let hasProgress = false;
  let waiting: (JsonRpcMessage | readonly JsonRpcMessage[])[] | undefined;
  const flush = () => {
    const text = lines.length === 1 ? (lines[0] as string) : lines.join('');
    lines = [];
    hasProgress = false;
    if (text === '' || !stdout.writable) return;
    stdout.write(text);
    // Said again with each write: a server may have been started meanwhile.
    if (stdout.writableLength > MOST_WAITING_BYTES) hold(true);
  };
  stdout.on('drain', () => hold(false));
  const release = () => {
    const held = waiting ?? [];
    waiting = undefined;
    for (const message of held) write(message);
  };
  const write = (message: JsonRpcMessage | readonly JsonRpcMessage[]) => {
    if (waiting) {
      waiting.push(message);
      return;
    }
    if (hasProgress && isResponse(message)) {
      flush();
      waiting = [message];
      setTimeout(release, PROGRESS_GAP_MS);
      return;
    }
    if (lines.length === 0) queueMicrotask(flush);
    lines.push(`${JSON.stringify(message)}\n`);
    hasProgress ||= 'method' in message && message.method === 'notifications/progress';
  };
  return write;
}

function isResponse(message: JsonRpcMessage | readonly JsonRpcMessage[]): boolean {
  return 'id' in message && !('method' in message);
}
