import { createHmac, randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hasErrno, messageOf } from '../../core/errors.ts';
import { writeFileAtomic } from '../../core/files.ts';
import { keepNewest, readOwnFile } from '../own-file.ts';
import type { Paths } from '../paths.ts';
import {
  type KeptLists,
  LISTS_HOLD_MS,
  type ListKeeper,
  parseKeptLists,
} from '../relay/kept-lists.ts';

/** Servers and configurations that lists are kept of; the oldest go first. */
const MOST = 128;
const LARGEST = 8 * 2 ** 20;
const KEY_BYTES = 32;
const KEY_FILE = 'key';

/** A server in one configuration. */
export interface KeptFor {
  readonly server: string;
  /** Whatever changes what it may list: artifact, parameters, secrets. It gets into no file. */
  readonly configuration: readonly string[];
  readonly log: (line: string) => void;
}

/**
 * Keeps the lists of a server that is listed live in `lists/` of the state folder, for its owner
 * only. A file is named by a keyed hash of the configuration: neither its name nor its content tells
 * of parameters or secrets, also to somebody who can guess them.
 */
export function listKeeper({ state }: Pick<Paths, 'state'>, about: KeptFor): ListKeeper {
  const folder = join(state, 'lists');
  let work: Promise<void> = Promise.resolve();
  const later = (job: () => Promise<void>) => {
    work = work.then(job).catch((error: unknown) => {
      about.log(`${about.server}: its lists are not kept: ${messageOf(error)}`);
    });
  };
  const pathWith = (key: Uint8Array) => {
    const text = JSON.stringify([about.server, ...about.configuration]);
    return join(folder, createHmac('sha256', key).update(text).digest('hex').slice(0, 32));
  };
  /** What is to be written; a newer one takes the place of one that was not written yet. */
  let next: KeptLists | undefined;
  return {
    read() {
      const key = readKey(folder);
      const bytes = key && readOwnFile(pathWith(key), LARGEST);
      if (!bytes) return undefined;
      try {
        return parseKeptLists(JSON.parse(bytes.toString('utf8')));
      } catch {
        // Damaged: the server is asked, and the file written anew.
        return undefined;
      }
    },
    keep(lists) {
      next = lists;
      later(async () => {
        if (!next) return;
        const text = JSON.stringify({ server: about.server, ...next });
        next = undefined;
        if (text.length > LARGEST) return;
        await mkdir(folder, { recursive: true, mode: 0o700 });
        const key = readKey(folder) ?? (await makeKey(folder));
        await writeFileAtomic(pathWith(key), text, { mode: 0o600, exactMode: true });
        await keepNewest(folder, MOST, { youngerMs: LISTS_HOLD_MS, except: KEY_FILE });
      });
    },
    forget() {
      next = undefined;
      later(async () => {
        const key = readKey(folder);
        if (key) await rm(pathWith(key), { force: true });
      });
    },
    settled: () => work,
  };
}

/** Forgets what these servers listed, or all; gives the number of configurations forgotten. */
export async function forgetLists(
  { state }: Pick<Paths, 'state'>,
  servers?: readonly string[],
): Promise<number> {
  const folder = join(state, 'lists');
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return 0;
    throw error;
  }
  let count = 0;
  for (const name of names.filter((one) => one !== KEY_FILE)) {
    const path = join(folder, name);
    if (servers && !servers.includes((await serverOf(path)) ?? '')) continue;
    await rm(path, { force: true });
    count += 1;
  }
  return count;
}

async function serverOf(path: string): Promise<string | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')).server;
  } catch {
    return undefined;
  }
}

function readKey(folder: string): Buffer | undefined {
  const key = readOwnFile(join(folder, KEY_FILE), KEY_BYTES);
  return key?.byteLength === KEY_BYTES ? key : undefined;
}

/** One key for all gateways of this state folder: whoever comes first makes it. */
async function makeKey(folder: string): Promise<Uint8Array> {
  const path = join(folder, KEY_FILE);
  const key = randomBytes(KEY_BYTES);
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(key);
    } finally {
      await file.close();
    }
    return key;
  } catch (error) {
    if (!hasErrno(error, 'EEXIST')) throw error;
  }
  const made = readKey(folder);
  if (made) return made;
  // Cut off, or not ours alone any more: everything under it is forgotten with it.
  await writeFileAtomic(path, key, { mode: 0o600, exactMode: true });
  return key;
}
