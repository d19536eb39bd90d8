import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { messageOf, PortolanError } from '../errors.ts';
import type { Channel, JsonRpcMessage, LaunchInfo } from './channel.ts';
import { lineReader } from './line-reader.ts';
import type { Prepared } from './prepared.ts';
import { createTail } from './tail.ts';

export interface StdioOptions {
  /** Name of the server, for errors. */
  readonly server: string;
  readonly maxMessageBytes: number;
  readonly graceMs: number;
  /** Removes secrets from text. */
  readonly redact: (text: string) => string;
  /** Called as soon as the process has an id. */
  readonly onSpawn?: (pid: number) => void;
  /** Called once, after the last process is gone and before `close` resolves. */
  readonly onEnd?: () => Promise<void> | void;
}

/** A child whose standard streams are pipes. */
type Piped = ChildProcess & { stdin: Writable; stdout: Readable; stderr: Readable };

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
      closing ??= end(child, pid, prepared, options.graceMs).then(() => gone);
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
  child.stderr.setEncoding('utf8').on('data', (text: string) => tail.add(text));
  // EPIPE and its like: the exit that caused them says more.
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => {});

  const gone = new Promise<void>((resolve) => {
    child.once('close', async (code, signal) => {
      ended = true;
      if (!closing) {
        const how = signal ? `was ended by ${signal}` : `ended with exit code ${code}`;
        const last = tail.text().trim().split('\n').slice(-3).join(' | ').slice(-600);
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

function startChild(prepared: Prepared, options: StdioOptions): Promise<Piped> {
  const [program, ...args] = prepared.command;
  const { inputs = [] } = prepared;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: prepared.env,
      // A group of its own: the terminal's Ctrl-C is for us, and the whole group can be ended.
      detached: process.platform !== 'win32',
      windowsHide: true,
      stdio: ['pipe', 'pipe', 'pipe', ...inputs.map(() => 'pipe' as const)],
    }) as Piped;
    child.once('error', (error) =>
      reject(
        new PortolanError(
          'failed',
          'START_FAILED',
          `${options.server}: ${program} cannot be started: ${messageOf(error)}; see \`portolan doctor\``,
          { cause: error },
        ),
      ),
    );
    child.once('spawn', () => {
      options.onSpawn?.(child.pid as number);
      inputs.forEach((input, index) => {
        const stream = child.stdio[index + 3] as Writable;
        stream.on('error', () => {});
        stream.end(input);
      });
      resolve(child);
    });
  });
}

function* messagesIn(line: Buffer, note: (text: string) => void): Generator<JsonRpcMessage> {
  const text = line.toString('utf8').trim();
  if (text === '') return;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    note(`a line on stdout is not JSON: ${text.slice(0, 200)}`);
    return;
  }
  // Revision 2025-03-26 allowed batches.
  for (const member of Array.isArray(value) ? value : [value]) {
    if (isMessage(member)) yield member;
    else note(`a line on stdout is not a JSON-RPC message: ${text.slice(0, 200)}`);
  }
}

function isMessage(value: unknown): value is JsonRpcMessage {
  return typeof value === 'object' && value !== null && (value as JsonRpcMessage).jsonrpc === '2.0';
}

/** Asks nicely, then less so: end of input, TERM, KILL. Resolves when the leader has ended. */
async function end(child: Piped, pid: number, prepared: Prepared, graceMs: number): Promise<void> {
  const left = new Promise<void>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });
  // A listener may have paused it; a full pipe would keep the server from leaving.
  child.stdout.resume();
  child.stdin.end();
  if (!(await within(left, graceMs))) {
    if (prepared.stop) await prepared.stop.terminate().catch(() => {});
    else signalGroup(pid, 'SIGTERM');
    if (!(await within(left, graceMs))) {
      await prepared.stop?.remove().catch(() => {});
    }
  }
  signalGroup(pid, 'SIGKILL');
  await left;
  // A grandchild that holds the pipes open would delay the end for ever.
  for (const stream of [child.stdout, child.stderr]) stream.destroy();
}

function within(event: Promise<void>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  return Promise.race([event.then(() => true), late]).finally(() => clearTimeout(timer));
}

/** Sends a signal to a process and all below it; nothing happens when they are gone. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  if (process.platform === 'win32') {
    // Windows has no process groups to signal, and a server there knows no TERM either.
    spawnSync('taskkill', ['/pid', String(pid), '/t', '/f'], { windowsHide: true });
    return;
  }
  try {
    process.kill(-pid, signal);
  } catch {
    // ESRCH: gone already.
  }
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
