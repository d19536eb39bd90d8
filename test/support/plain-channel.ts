import { spawn } from 'node:child_process';
import type { Channel } from '../../core/isolation/channel.ts';
import { readLines } from '../../gateway/endpoint/lines.ts';

/** A conversation with a child process without isolation, for tests of the relay. */
export interface PlainChannel extends Channel {
  readonly pid: number;
}

/** Starts `command` and speaks with it, one message a line. */
export function openPlainChannel(
  command: readonly [string, ...string[]],
  env: Readonly<Record<string, string>> = {},
): PlainChannel {
  const [program, ...args] = command;
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let tail = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-4000);
  });
  child.stdin.on('error', () => {});
  const gone = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      channel.onClose(error);
      resolve();
    });
    child.once('close', (code, signal) => {
      channel.onClose(code === 0 ? undefined : new Error(`it ended with ${signal ?? code}`));
      resolve();
    });
  });
  const channel: PlainChannel = {
    pid: child.pid ?? 0,
    onMessage: () => {},
    onClose: () => {},
    send: (message) =>
      new Promise((resolve, reject) => {
        if (!child.stdin.writable) return reject(new Error('the server is gone'));
        if (child.stdin.write(`${JSON.stringify(message)}\n`)) resolve();
        else child.stdin.once('drain', resolve);
      }),
    pause: () => void child.stdout.pause(),
    resume: () => void child.stdout.resume(),
    async close() {
      child.stdin.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), 1000);
      await gone;
      clearTimeout(timer);
    },
    diagnostics: () => tail,
  };
  readLines(
    child.stdout,
    (line) => {
      try {
        channel.onMessage(JSON.parse(line));
      } catch {
        tail += `not JSON: ${line.slice(0, 200)}\n`;
      }
    },
    { maxBytes: 200 * 1024 * 1024, onTooLong: () => child.kill('SIGKILL') },
  );
  return channel;
}
