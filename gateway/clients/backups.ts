import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hasErrno } from '../../core/errors.ts';
import { writeFileAtomic } from '../../core/files.ts';

/** What a file was before Portolan changed it. */
export interface Backup {
  /** Sorts by time. */
  readonly id: string;
  readonly client: string;
  readonly path: string;
  /** Name of the entry that was added, replaced or removed. */
  readonly name: string;
  readonly action: 'added' | 'replaced' | 'removed' | 'restored';
  /** When, as RFC 3339. */
  readonly time: string;
  /** Content in base64 and permissions; absent when there was no file. */
  readonly before?: { readonly content: string; readonly mode: number };
  /** The place for servers was made too, and goes when it is empty again. */
  readonly madePlace?: true;
  /** SHA-256 of the content afterwards; absent when the file was removed. */
  readonly after?: string;
}

/** So many changes of a client can be undone. */
const KEPT = 20;

/**
 * Keeps a backup, readable by its owner alone: these files hold tokens. The oldest of the client are
 * dropped.
 */
export async function keepBackup(folder: string, backup: Omit<Backup, 'id'>): Promise<Backup> {
  const id = `${backup.time.replaceAll(/[^0-9]/g, '')}-${randomBytes(4).toString('hex')}`;
  const kept = { id, ...backup };
  await mkdir(join(folder, backup.client), { recursive: true, mode: 0o700 });
  await writeFileAtomic(fileOf(folder, kept), JSON.stringify(kept), { mode: 0o600 });
  for (const old of (await listBackups(folder, backup.client)).slice(KEPT)) {
    await dropBackup(folder, old);
  }
  return kept;
}

/** The backups of a client, newest first. What is not one of ours is passed over. */
export async function listBackups(folder: string, client: string): Promise<readonly Backup[]> {
  let names: string[];
  try {
    names = await readdir(join(folder, client));
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return [];
    throw error;
  }
  const wanted = names.filter((name) => /^\d{17}-[0-9a-f]{8}\.json$/.test(name));
  const backups = await Promise.all(
    wanted.map(async (name) =>
      parse(await readFile(join(folder, client, name), 'utf8').catch(() => '')),
    ),
  );
  return backups.filter((backup) => backup !== undefined).sort((a, b) => (a.id < b.id ? 1 : -1));
}

export async function dropBackup(folder: string, backup: Backup): Promise<void> {
  await rm(fileOf(folder, backup), { force: true });
}

function fileOf(folder: string, { client, id }: Backup): string {
  return join(folder, client, `${id}.json`);
}

function parse(text: string): Backup | undefined {
  try {
    const value: Backup = JSON.parse(text);
    const sound = [value.id, value.client, value.path, value.name, value.time].every(
      (field) => typeof field === 'string',
    );
    return sound ? value : undefined;
  } catch {
    return undefined;
  }
}
