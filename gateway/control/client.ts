import { createConnection } from 'node:net';
import { messageOf, PortolanError } from '../../core/errors.ts';
import { readLines } from '../endpoint/lines.ts';
import type { Announcement, ControlMessage, ControlRequest } from './announcement.ts';
import type { GatewayStatus } from './status.ts';
import type { GatewayEvent } from './watch.ts';

/** A conversation with a running gateway. */
export interface Control {
  status(): Promise<GatewayStatus>;
  /** Ends the gateway; with a name, the conversations with that server: its next call starts it again. */
  stop(server?: string): Promise<void>;
  /** Hands on events until the end; resolves once none is missed any more. */
  events(onEvent: (event: GatewayEvent) => void): Promise<void>;
  /** Resolves when the gateway is gone, or after `close`. */
  readonly closed: Promise<void>;
  close(): void;
}

const ANSWER_MS = 10_000;

/** Speaks to a gateway. Rejects with `unreachable` / `GATEWAY_GONE` when it does not answer. */
export async function openControl(announcement: Announcement): Promise<Control> {
  const { pid, socket, token } = announcement;
  const connection = createConnection(socket);
  const waiting = new Map<number, { done(value: unknown): void; fail(error: Error): void }>();
  let nextId = 0;
  let onEvent = (_event: GatewayEvent) => {};
  const gone = (why: string) =>
    new PortolanError(
      'unreachable',
      'GATEWAY_GONE',
      `the gateway with process id ${pid} does not answer: ${why}; end that process if it hangs`,
    );
  await new Promise<void>((resolve, reject) => {
    connection.once('connect', resolve);
    connection.once('error', (error) => reject(gone(messageOf(error))));
  });
  connection.on('error', () => {});
  const closed = new Promise<void>((resolve) => {
    connection.once('close', () => {
      for (const { fail } of waiting.values()) fail(gone('it ended'));
      resolve();
    });
  });

  const receive = (line: string) => {
    const message = JSON.parse(line) as ControlMessage;
    if ('event' in message) return onEvent(message.event as GatewayEvent);
    const call = waiting.get(message.id);
    waiting.delete(message.id);
    if (!call) return;
    if ('result' in message) return call.done(message.result);
    call.fail(new PortolanError('usage', message.error.code, message.error.message));
  };
  readLines(connection, receive, { maxBytes: 2 ** 26, onTooLong: () => connection.destroy() });

  const ask = (method: ControlRequest['method'], server?: string) =>
    new Promise<unknown>((done, fail) => {
      const id = ++nextId;
      const timer = setTimeout(() => {
        waiting.delete(id);
        fail(gone(`no answer within ${ANSWER_MS / 1000} s`));
      }, ANSWER_MS);
      const settle = (step: () => void) => {
        clearTimeout(timer);
        step();
      };
      waiting.set(id, {
        done: (value) => settle(() => done(value)),
        fail: (error) => settle(() => fail(error)),
      });
      const request: ControlRequest = {
        id,
        token,
        method,
        ...(server !== undefined && { server }),
      };
      connection.write(`${JSON.stringify(request)}\n`);
    });

  return {
    closed,
    status: async () => (await ask('status')) as GatewayStatus,
    stop: async (server) => void (await ask('stop', server)),
    async events(listener) {
      onEvent = listener;
      await ask('events');
    },
    close: () => connection.destroy(),
  };
}
