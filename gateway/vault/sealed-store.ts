import { dirname } from 'node:path';
import { withFileLock } from '../../core/file-lock.ts';
import { parseSealedFile } from './parse-sealed-file.ts';
import { ensurePrivateFolder, readPrivateFile, writePrivateFile } from './private-files.ts';
import {
  changeFile,
  deriveKeys,
  emptyFile,
  openEntry,
  type SealedFile,
  verifyFile,
} from './sealed-file.ts';
import { createKey, dropKey, fetchKey, type KeyHeader, type KeyOptions } from './vault-key.ts';

/** Named texts in one encrypted file. All writes are atomic and safe between processes. */
export interface SealedStore {
  readonly path: string;
  get(name: string): Promise<string | undefined>;
  /** Sets (text) or drops (undefined) values in one write. Makes the file when it is missing. */
  change(changes: ReadonlyMap<string, string | undefined>): Promise<void>;
  /** Names with their revisions; needs no key, and is therefore not checked against changes. */
  revisions(): Promise<ReadonlyMap<string, number>>;
  /** Where the key comes from; undefined before the first write. */
  keyHeader(): Promise<KeyHeader | undefined>;
  /** Encrypts everything under a new key: another passphrase, or into or out of a keychain. */
  rekey(options: KeyOptions): Promise<void>;
}

export function openSealedStore(path: string, keyOptions: KeyOptions): SealedStore {
  let options = keyOptions;
  // One passphrase prompt and one slow derivation for each process, not for each secret.
  const fetched = new Map<string, Promise<Uint8Array>>();
  const keyOf = (header: KeyHeader): Promise<Uint8Array> => {
    const name = JSON.stringify(header);
    let key = fetched.get(name);
    if (!key) {
      key = fetchKey(header, options);
      fetched.set(name, key);
      key.catch(() => fetched.delete(name));
    }
    return key;
  };
  const read = async (): Promise<SealedFile | undefined> => {
    const text = await readPrivateFile(path);
    return text === undefined ? undefined : parseSealedFile(text, path);
  };
  const unlock = async (file: SealedFile) => {
    const keys = deriveKeys(await keyOf(file.key), file.salt);
    try {
      verifyFile(file, keys, path);
    } catch (error) {
      // A mistyped passphrase is asked for again next time.
      fetched.delete(JSON.stringify(file.key));
      throw error;
    }
    return keys;
  };
  const write = (file: SealedFile) => writePrivateFile(path, `${JSON.stringify(file, null, 1)}\n`);
  const locked = async <Result>(action: () => Promise<Result>) => {
    await ensurePrivateFolder(dirname(path));
    return withFileLock(`${path}.lock`, action);
  };

  /** People are asked before the lock is taken: nobody else waits for their typing. */
  const prepare = async (): Promise<SealedFile | undefined> => {
    const file = await read();
    if (!file) return create(options, fetched);
    await unlock(file);
    return undefined;
  };

  return {
    path,
    get: async (name) => {
      const file = await read();
      if (!file || !Object.hasOwn(file.entries, name)) return undefined;
      return openEntry(file, await unlock(file), name, path);
    },
    change: async (changes) => {
      const made = await prepare();
      await locked(async () => {
        const found = await read();
        // Another process made a file meanwhile: its key is the one.
        if (found && made) await dropKey(made.key, options);
        const file = found ?? made ?? (await create(options, fetched));
        // A file that was made just now has no seal yet.
        const keys = found ? await unlock(found) : deriveKeys(await keyOf(file.key), file.salt);
        await write(changeFile(file, keys, changes));
      });
    },
    revisions: async () => {
      const file = await read();
      const entries = Object.entries(file?.entries ?? {});
      return new Map(entries.map(([name, { revision }]) => [name, revision]));
    },
    keyHeader: async () => (await read())?.key,
    rekey: async (next) => {
      const current = await read();
      if (current) {
        await unlock(current);
        const made = await create(next, fetched);
        await locked(async () => {
          const file = (await read()) ?? current;
          const keys = await unlock(file);
          const values = new Map(
            Object.keys(file.entries).map((name) => [name, openEntry(file, keys, name, path)]),
          );
          const freshKeys = deriveKeys(await keyOf(made.key), made.salt);
          await write(changeFile({ ...made, counter: file.counter }, freshKeys, values));
          await dropKey(file.key, options);
        });
      }
      options = next;
    },
  };
}

async function create(
  options: KeyOptions,
  fetched: Map<string, Promise<Uint8Array>>,
): Promise<SealedFile> {
  const { header, key } = await createKey(options);
  fetched.set(JSON.stringify(header), Promise.resolve(key));
  return emptyFile(header, key);
}
