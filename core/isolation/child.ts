import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { messageOf, PortolanError } from '../errors.ts';
import type { Prepared } from './prepared.ts';

/** How a server ended. */
export interface Ended {
  /** In words, to follow its name: `ended with exit code 3`; absent after an orderly end. */
  readonly how?: string;
  /** Its container, if it has one, is known to be removed. */
  readonly gone: boolean;
}

/** A running server: a process of ours, or a container that we are attached to. */
export interface Running {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Id of our process; 0 without one. */
  readonly pid: number;
  /** Resolves when it has ended. */
  readonly left: Promise<void>;
  /** Resolves when it has ended and all its output was read. */
  readonly closed: Promise<Ended>;
  /** Ends our process and all below it, or the connection. */
  kill(): void;
}

/** A child whose standard streams are pipes. */
type Piped = ChildProcess & { stdin: Writable; stdout: Readable; stderr: Readable };

export interface ChildOptions {
  /** Name of the server, for errors. */
  readonly server: string;
  /** Folder that the command starts in: engines drop files there, so not the user's own. */
  readonly cwd: string;
  /** Called as soon as the process has an id. */
  readonly onSpawn?: (pid: number) => void;
}

/** Starts a prepared command. Rejects with `failed` / `START_FAILED`. */
export function startChild(prepared: Prepared, options: ChildOptions): Promise<Running> {
  const [program, ...args] = prepared.command;
  const { inputs = [] } = prepared;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: prepared.env,
      cwd: options.cwd,
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
      resolve(runningChild(child));
    });
  });
}

function runningChild(child: Piped): Running {
  const { stdin, stdout, stderr } = child;
  const pid = child.pid as number;
  const left = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const closed = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => {
      const how = signal ? `was ended by ${signal}` : `ended with exit code ${code}`;
      // An engine's client that ended well has removed its container already.
      resolve(code === 0 ? { gone: true } : { how, gone: false });
    });
  });
  const kill = () => signalGroup(pid, 'SIGKILL');
  return { stdin, stdout, stderr, pid, left, closed, kill };
}

/** Asks nicely, then less so: end of input, TERM, KILL. Resolves when the leader has ended. */
export async function endServer(
  server: Running,
  prepared: Prepared,
  graceMs: number,
): Promise<void> {
  const { left, pid, stdin, stdout, stderr } = server;
  // A listener may have paused it; a full pipe would keep the server from leaving.
  stdout.resume();
  stdin.end();
  if (!(await within(left, graceMs))) {
    if (prepared.stop) await prepared.stop.terminate().catch(() => {});
    else signalGroup(pid, 'SIGTERM');
    if (!(await within(left, graceMs))) {
      await prepared.stop?.remove().catch(() => {});
    }
  }
  server.kill();
  await left;
  // A grandchild that holds the pipes open would delay the end for ever.
  for (const stream of [stdout, stderr]) stream.destroy();
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
