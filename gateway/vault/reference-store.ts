import { dirname } from 'node:path';
import { messageOf, PortolanError } from '../../core/errors.ts';
import { withFileLock } from '../../core/file-lock.ts';
import { ensurePrivateFolder, readPrivateFile, writePrivateFile } from './private-files.ts';

/** A reference as it is stored: it says where a secret is and is none itself. */
export interface StoredReference {
  readonly reference: string;
  /** Number of the write that set it. */
  readonly revision: number;
}

interface ReferenceFile {
  readonly format: 'portolan-references';
  readonly version: 1;
  readonly counter: number;
  readonly entries: Readonly<Record<string, StoredReference>>;
}

const EMPTY: ReferenceFile = { format: 'portolan-references', version: 1, counter: 0, entries: {} };

/** References to password managers by address, in a readable file: no key is needed for them. */
export interface ReferenceStore {
  readonly path: string;
  all(): Promise<Readonly<Record<string, StoredReference>>>;
  get(key: string): Promise<StoredReference | undefined>;
  /** Sets a reference, or drops it (undefined). Returns whether anything changed. */
  change(key: string, reference: string | undefined): Promise<boolean>;
}

export function openReferenceStore(path: string): ReferenceStore {
  const read = async () => parse(await readPrivateFile(path), path);
  return {
    path,
    all: async () => (await read()).entries,
    get: async (key) => {
      const { entries } = await read();
      return Object.hasOwn(entries, key) ? entries[key] : undefined;
    },
    change: async (key, reference) => {
      if (reference === undefined && !Object.hasOwn((await read()).entries, key)) return false;
      await ensurePrivateFolder(dirname(path));
      return withFileLock(`${path}.lock`, async () => {
        const file = await read();
        const revision = file.counter + 1;
        const entries = { ...file.entries };
        const had = delete entries[key] && Object.hasOwn(file.entries, key);
        if (reference !== undefined) entries[key] = { reference, revision };
        const changed: ReferenceFile = { ...file, counter: revision, entries };
        await writePrivateFile(path, `${JSON.stringify(changed, null, 1)}\n`);
        return had || reference !== undefined;
      });
    },
  };
}

function parse(text: string | undefined, path: string): ReferenceFile {
  if (text === undefined) return EMPTY;
  let value: Partial<ReferenceFile> | null;
  try {
    value = JSON.parse(text) as Partial<ReferenceFile> | null;
  } catch (error) {
    throw malformed(path, `is not JSON (${messageOf(error).slice(0, 80)})`);
  }
  if (value?.format !== EMPTY.format || value.version !== 1) {
    throw malformed(path, 'is not a file of references that this Portolan reads');
  }
  const entries = Object.values(value.entries ?? {}) as Partial<StoredReference>[];
  const valid =
    Number.isSafeInteger(value.counter) &&
    entries.every(
      (entry) => typeof entry?.reference === 'string' && Number.isSafeInteger(entry.revision),
    );
  if (!valid) throw malformed(path, 'has an entry that is no reference');
  return { ...EMPTY, ...value } as ReferenceFile;
}

function malformed(path: string, fact: string): PortolanError {
  return new PortolanError(
    'malformed',
    'REFERENCES_MALFORMED',
    `${path} ${fact}; correct it, or remove it and set the references again`,
  );
}
