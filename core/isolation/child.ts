import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { messageOf, PortolanError } from '../errors.ts';
import type { Prepared } from './prepared.ts';

/** A child whose standard streams are pipes. */
export type Piped = ChildProcess & { stdin: Writable; stdout: Readable; stderr: Readable };

export interface ChildOptions {
  /** Name of the server, for errors. */
  readonly server: string;
  /** Folder that the command starts in: engines drop files there, so not the user's own. */
  readonly cwd: string;
  /** Called as soon as the process has an id. */
  readonly onSpawn?: (pid: number) => void;
}

/** Starts a prepared command. Rejects with `failed` / `START_FAILED`. */
export function startChild(prepared: Prepared, options: ChildOptions): Promise<Piped> {
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
      resolve(child);
    });
  });
}

/** Asks nicely, then less so: end of input, TERM, KILL. Resolves when the leader has ended. */
export async function endChild(
  child: Piped,
  pid: number,
  prepared: Prepared,
  graceMs: number,
): Promise<void> {
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
