import { randomBytes } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PortolanError } from '../errors.ts';
import { identityOf, type ProcessIdentity } from './process-identity.ts';

/** What is on record about one launch, so that a later process can clean up after a killed one. */
export interface RunRecord {
  readonly server: string;
  readonly owner: ProcessIdentity;
  /** Process group to end; absent while none runs. */
  readonly child?: ProcessIdentity;
  /** Control groups to remove. */
  readonly cgroups: readonly string[];
}

/** The folder of one launch: sockets, generated files, and the record. */
export interface RunFolder {
  /** Unique on this machine. */
  readonly id: string;
  readonly path: string;
  record(change: Partial<RunRecord>): void;
  remove(): void;
}

export const RECORD = 'run.json';

/**
 * Folder below which all launches of this user have theirs. Short, because a socket's path may have
 * at most 107 bytes; private, because those sockets are a server's way out.
 */
export function defaultRunDir(env: NodeJS.ProcessEnv = process.env): string {
  const user = process.getuid?.() ?? 'user';
  const runtime = process.platform === 'linux' ? env.XDG_RUNTIME_DIR : undefined;
  return runtime ? join(runtime, 'portolan') : join(tmpdir(), `portolan-${user}`);
}

/** Makes the folder of all launches. Throws `forbidden` / `RUN_DIR` when others could write to it. */
export function openRunDir(runDir: string): void {
  mkdirSync(runDir, { recursive: true, mode: 0o700 });
  const { uid, mode } = lstatSync(runDir);
  const stranger = process.getuid && uid !== process.getuid();
  if (stranger || !lstatSync(runDir).isDirectory() || (process.getuid && mode & 0o022)) {
    throw new PortolanError(
      'forbidden',
      'RUN_DIR',
      `${runDir} belongs to another user or others may write to it; remove it or set XDG_RUNTIME_DIR to a private folder`,
    );
  }
  if (process.getuid) chmodSync(runDir, 0o700);
}

/** Makes the folder of a launch. Throws what `openRunDir` throws. */
export function makeRunFolder(server: string, runDir: string): RunFolder {
  openRunDir(runDir);
  const id = randomBytes(6).toString('hex');
  const path = join(runDir, id);
  mkdirSync(path, { mode: 0o755 });
  // A narrow umask would keep the unprivileged user of a container out; the parent is private.
  chmodSync(path, 0o755);
  let record: RunRecord = { server, owner: identityOf(process.pid), cgroups: [] };
  const folder: RunFolder = {
    id,
    path,
    record(change) {
      record = { ...record, ...change };
      const temporary = join(path, `${RECORD}.tmp`);
      writeFileSync(temporary, JSON.stringify(record), { mode: 0o600 });
      renameSync(temporary, join(path, RECORD));
    },
    remove() {
      rmSync(path, { recursive: true, force: true });
    },
  };
  folder.record({});
  return folder;
}
