import type { ServerResponse } from 'node:http';
import { HEADERS } from './answer.ts';
import type { LiveEvent } from './api/types.ts';

/** Tells every open page what happens, as server-sent events. */
export interface Hub {
  /** Keeps a response open. False when there are too many already. */
  add(response: ServerResponse): boolean;
  send(event: LiveEvent): void;
  /** How many pages listen. */
  readonly size: number;
  /** Called when the first page comes and when the last one has left. */
  onAudience(listener: (present: boolean) => void): void;
  close(): void;
}

const MOST_STREAMS = 24;
/** Browsers and sleeping laptops show a dead connection late; a line now and then shows it early. */
const HEARTBEAT_MS = 15_000;

export function createHub(): Hub {
  const open = new Set<ServerResponse>();
  const listeners: ((present: boolean) => void)[] = [];
  const write = (text: string) => {
    for (const response of open) {
      // A page that does not read is let go; it comes back and asks for everything anew.
      if (response.writableLength > 2 ** 20) response.destroy();
      else response.write(text);
    }
  };
  const heartbeat = setInterval(() => write(': here\n\n'), HEARTBEAT_MS);
  heartbeat.unref();

  return {
    get size() {
      return open.size;
    },
    add(response) {
      if (open.size >= MOST_STREAMS) return false;
      response.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream' });
      response.write('retry: 1000\n\n');
      open.add(response);
      if (open.size === 1) for (const listener of listeners) listener(true);
      response.on('close', () => {
        open.delete(response);
        if (open.size === 0) for (const listener of listeners) listener(false);
      });
      return true;
    },
    send(event) {
      write(`data: ${JSON.stringify(event)}\n\n`);
    },
    onAudience(listener) {
      listeners.push(listener);
    },
    close() {
      clearInterval(heartbeat);
      for (const response of open) response.end();
    },
  };
}
