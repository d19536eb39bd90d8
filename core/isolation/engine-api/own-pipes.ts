import { spawn } from 'node:child_process';
import { closeSync, constants, openSync, readSync, unlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

const { O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } = constants;
const NAMES = ['stdin', 'stdout', 'stderr'] as const;

/** Three pipes of the kernel, both ends open; they have no name any more. */
export interface OwnPipes {
  /** What the server gets as its stdin, stdout and stderr. */
  readonly theirs: readonly [number, number, number];
  /** Closes the server's ends here, so that the end of the server is seen as the end of its output. */
  handOver(): void;
  /** What has been written to the server's stdout and stderr so far, without waiting. */
  said(): { readonly stdout: string; readonly stderr: string };
  /** Our ends, which must be destroyed from then on. */
  streams(): { readonly stdin: Writable; readonly stdout: Readable; readonly stderr: Readable };
  /** Closes what nobody has taken over. */
  close(): void;
}

/**
 * Makes three pipes. They are named ones, in a folder of ours, for as long as it takes to open them:
 * Node.js makes no others, and gives its children sockets, which a server cannot open once more as
 * /dev/stderr. Undefined where that fails.
 */
export async function openPipes(folder: string): Promise<OwnPipes | undefined> {
  const paths = NAMES.map((name) => join(folder, name));
  if (!(await makeNamed(paths))) return undefined;
  const open = new Set<number>();
  const openEnd = (path: string, flags: number) => {
    const end = openSync(path, flags);
    open.add(end);
    return end;
  };
  const close = (end: number) => open.delete(end) && closeSync(end);
  const closeAll = () => open.forEach(close);
  try {
    const [input = '', output = '', errors = ''] = paths;
    // With a reader and a writer already there no other open waits, and no reader sees an end.
    const both = paths.map((path) => openEnd(path, O_RDWR));
    // The server's ends wait, as every program expects it; only ours do not.
    const theirs = [
      openEnd(input, O_RDONLY),
      openEnd(output, O_WRONLY),
      openEnd(errors, O_WRONLY),
    ] as const;
    const stdin = openEnd(input, O_WRONLY | O_NONBLOCK);
    const stdout = openEnd(output, O_RDONLY | O_NONBLOCK);
    const stderr = openEnd(errors, O_RDONLY | O_NONBLOCK);
    both.forEach(close);
    for (const path of paths) unlinkSync(path);
    return {
      theirs,
      handOver: () => theirs.forEach(close),
      said: () => ({ stdout: readWaiting(stdout), stderr: readWaiting(stderr) }),
      streams() {
        open.clear();
        return {
          stdin: new Socket({ fd: stdin, readable: false, writable: true }),
          stdout: new Socket({ fd: stdout, readable: true, writable: false }),
          stderr: new Socket({ fd: stderr, readable: true, writable: false }),
        };
      },
      close: closeAll,
    };
  } catch {
    closeAll();
    return undefined;
  }
}

/** Makes named pipes with the system's own tool; Node.js has no call for it. */
function makeNamed(paths: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn('mkfifo', ['-m', '600', ...paths], { stdio: 'ignore' });
    child.once('error', () => resolve(false)).once('exit', (code) => resolve(code === 0));
  });
}

function readWaiting(end: number): string {
  const chunk = Buffer.alloc(65_536);
  let text = '';
  for (;;) {
    try {
      const size = readSync(end, chunk);
      if (size === 0) return text;
      text += chunk.toString('utf8', 0, size);
    } catch {
      // EAGAIN: that was all.
      return text;
    }
  }
}
