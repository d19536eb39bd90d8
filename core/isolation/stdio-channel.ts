import type { Writable } from 'node:stream';
import { messageOf, PortolanError } from '../errors.ts';
import type { Channel, LaunchInfo } from './channel.ts';
import { type ChildOptions, endChild, signalGroup, startChild } from './child.ts';
import { lineReader } from './line-reader.ts';
import { messagesIn } from './messages-in.ts';
import { outputLines } from './output-lines.ts';
import type { Prepared } from './prepared.ts';
import { createTail } from './tail.ts';

export interface StdioOptions extends ChildOptions {
  readonly maxMessageBytes: number;
  readonly graceMs: number;
  /** Removes secrets from text. */
  readonly redact: (text: string) => string;
  /** Each line that the server writes to stderr, without secrets. */
  readonly onOutput?: ((line: string) => void) | undefined;
  /** Called once, after the last process is gone and before `close` resolves. */
  readonly onEnd?: () => Promise<void> | void;
}

/**
 * Starts a prepared command and speaks newline-delimited JSON with it.
 *
 * Lines that are no JSON-RPC message are not passed on; they appear in `diagnostics`. Resolves once
 * the process runs; rejects with `failed` / `START_FAILED` when it cannot be started.
 */
export async function openStdioChannel(
  prepared: Prepared,
  options: StdioOptions,
): Promise<Channel> {
  const { server, redact } = options;
  const child = await startChild(prepared, options);
  const pid = child.pid as number;
  const tail = createTail();
  const note = (text: string) => tail.add(`[portolan] ${text}\n`);
  let fault: Error | undefined;
  let ended = false;
  let closing: Promise<void> | undefined;

  const fail = (code: string, text: string, cause?: unknown) =>
    new PortolanError('failed', code, `${server}: ${redact(text)}`, { cause });

  const read = lineReader(options.maxMessageBytes, (line) => {
    for (const message of messagesIn(line, note)) {
      try {
        channel.onMessage(message);
      } catch (error) {
        // One message that a listener cannot take must not end the conversation.
        note(`a message was lost: ${messageOf(error)}`);
      }
    }
  });

  const channel: Channel & { onMessage: Channel['onMessage'] } = {
    onMessage: () => {},
    onClose: () => {},
    async send(message) {
      if (ended || closing || child.stdin.destroyed) {
        throw fault ?? fail('SERVER_GONE', 'the server has ended; start it again');
      }
      if (child.stdin.write(`${JSON.stringify(message)}\n`)) return;
      await drained(child.stdin);
      if (child.stdin.destroyed) {
        throw fault ?? fail('SERVER_GONE', 'the server stopped reading its requests');
      }
    },
    pause: () => void child.stdout.pause(),
    resume: () => void child.stdout.resume(),
    close: () => {
      closing ??= endChild(child, pid, prepared, options.graceMs).then(() => gone);
      return closing;
    },
    diagnostics: () => redact(tail.text()),
    info: infoOf(prepared, pid),
  };

  child.stdout.on('data', (chunk: Buffer) => {
    if (fault) return;
    try {
      read(chunk);
    } catch (error) {
      fault = fail((error as PortolanError).code ?? 'SERVER_GONE', messageOf(error), error);
      child.stdout.destroy();
      void channel.close();
    }
  });
  const { onOutput } = options;
  const output = onOutput && outputLines((line) => onOutput(redact(line)));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    tail.add(text);
    output?.(text);
  });
  // EPIPE and its like: the exit that caused them says more.
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => {});

  const gone = new Promise<void>((resolve) => {
    child.once('close', async (code, signal) => {
      ended = true;
      // Last words often lack the end of their line.
      output?.('\n');
      if (!closing) {
        const how = signal ? `was ended by ${signal}` : `ended with exit code ${code}`;
        // Redacted before it is cut: half of a secret would not be found.
        const last = redact(tail.text()).trim().split('\n').slice(-3).join(' | ').slice(-600);
        fault ??= code === 0 ? undefined : fail('SERVER_GONE', `it ${how}${last && `: ${last}`}`);
        // The leader is gone; children that it left behind must go too.
        signalGroup(pid, 'SIGKILL');
      }
      try {
        // An engine's client that ended well has removed its container already.
        if (code !== 0) await prepared.stop?.remove();
        await options.onEnd?.();
      } catch (error) {
        note(`clean-up: ${messageOf(error)}`);
      }
      resolve();
      channel.onClose(fault);
    });
  });
  return channel;
}

function infoOf(prepared: Prepared, pid: number): LaunchInfo {
  const { driver, engine, shown, notes } = prepared;
  return { driver, ...(engine ? { engine } : {}), command: shown, pid, notes };
}

function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off('drain', done).off('close', done);
      resolve();
    };
    stream.once('drain', done).once('close', done);
  });
}
