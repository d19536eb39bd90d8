import type { Writable } from 'node:stream';
import { messageOf, PortolanError } from '../errors.ts';
import { cutText } from '../text.ts';
import type { Channel, LaunchInfo } from './channel.ts';
import { type ChildOptions, endServer, type Running, startChild } from './child.ts';
import { lineReader } from './line-reader.ts';
import { messagesIn } from './messages-in.ts';
import { outputLines } from './output-lines.ts';
import { type Prepared, shownCommand } from './prepared.ts';
import { createTail } from './tail.ts';

export interface StdioOptions extends ChildOptions {
  readonly maxMessageBytes: number;
  readonly graceMs: number;
  /** Folder of run records; see run-folder. */
  readonly runDir: string;
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
  const { attach } = prepared;
  // A client process speaks with the container where the engine's socket cannot be reached.
  const attached =
    attach &&
    (await import('./engine-api/attach.ts').then(({ runAttached }) =>
      runAttached({ ...attach, server, runDir: options.runDir, folder: options.cwd }),
    ));
  const child = attached ?? (await startChild(prepared, options));
  const tail = createTail();
  const { onOutput } = options;
  const output = onOutput && outputLines((line) => onOutput(redact(line)));
  // What keeps a server from being understood belongs into its log as well.
  const note = (text: string) => {
    const line = cutText(redact(`[portolan] ${text}`), 300);
    tail.add(`${line}\n`);
    onOutput?.(line);
  };
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
      closing ??= endServer(child, prepared, options.graceMs).then(() => gone);
      return closing;
    },
    diagnostics: () => redact(tail.text()),
    info: infoOf(prepared, child),
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
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    tail.add(text);
    output?.(text);
  });
  // EPIPE and its like: the exit that caused them says more.
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => {});

  const gone = new Promise<void>((resolve) => {
    void child.closed.then(async ({ how, gone }) => {
      ended = true;
      // Last words often lack the end of their line.
      output?.('\n');
      if (!closing) {
        // Redacted before it is cut: half of a secret would not be found.
        const last = redact(tail.text()).trim().split('\n').slice(-3).join(' | ').slice(-600);
        fault ??= how ? fail('SERVER_GONE', `it ${how}${last && `: ${last}`}`) : undefined;
        // The leader is gone; children that it left behind must go too.
        child.kill();
      }
      try {
        if (!gone) await prepared.stop?.remove();
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

function infoOf(prepared: Prepared, { pid }: Running): LaunchInfo {
  const { driver, engine, notes } = prepared;
  const command = shownCommand(prepared, pid === 0);
  return { driver, ...(engine ? { engine } : {}), command, pid, notes };
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
