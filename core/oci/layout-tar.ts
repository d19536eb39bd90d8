import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, PortolanError } from '../errors.ts';
import { writeFileAtomic } from '../files.ts';
import { type Digest, hexOf } from './digest.ts';
import { readLayoutIndex } from './layout-index.ts';
import { readLayout } from './layout-reader.ts';
import type { Repository } from './repository.ts';
import {
  listTar,
  openForReading,
  readFully,
  TAR_END,
  type TarFile,
  type TarMember,
  tarEntry,
  tarInMemory,
} from './tar.ts';

const MAX_INDEX_BYTES = 64 * 2 ** 20;

/**
 * Opens a tar of an OCI image layout (as of `skopeo copy ... oci-archive:`, `oras backup`, or
 * packLayout) for reading, without unpacking it. Writing is `usage` / `LAYOUT_READ_ONLY`: write to
 * a folder, then pack it.
 */
export async function openTarLayout(path: string): Promise<Repository> {
  const name = `oci-layout:${path}`;
  const file = await openForReading(path, name);
  try {
    return await layoutIn(file, name, (member) => readMember(path, member));
  } finally {
    await file.close();
  }
}

/** The same for a tar in memory, which `name` names in messages. */
export function openTarInMemory(bytes: Uint8Array, name: string): Promise<Repository> {
  return layoutIn(tarInMemory(bytes), name, async function* ({ offset, size }) {
    yield bytes.subarray(offset, offset + size);
  });
}

async function layoutIn(
  file: TarFile,
  name: string,
  read: (member: TarMember) => AsyncIterable<Uint8Array>,
): Promise<Repository> {
  const members = await listTar(file, name);
  const listed = members.get('index.json');
  if (!listed || listed.size > MAX_INDEX_BYTES) {
    throw new PortolanError(
      'malformed',
      'TAR_MALFORMED',
      `${name} holds no index.json of a usual size; give a tar of an OCI image layout`,
    );
  }
  const bytes = new Uint8Array(listed.size);
  await readFully(file, bytes, listed.offset, name);
  const index = readLayoutIndex(bytes, `${name} index.json`);
  const memberOf = (digest: Digest) => members.get(`blobs/sha256/${hexOf(digest)}`);
  const readOnly = async () => {
    throw new PortolanError(
      'usage',
      'LAYOUT_READ_ONLY',
      `${name} is a tar and is only read; write to a folder, ${name.replace(/\.tar$/i, '')}, and pack that`,
    );
  };
  return {
    ...readLayout({
      name,
      index: async () => index,
      sizeOf: async (digest) => memberOf(digest)?.size,
      read(digest) {
        const member = memberOf(digest);
        return member ? read(member) : none();
      },
    }),
    putBlob: readOnly,
    putManifest: readOnly,
    putTag: readOnly,
  };
}

/**
 * Packs the layout in `folder` into a tar, atomically. Equal layouts give equal bytes: names are
 * sorted, and there are no dates and owners. Only files of the layout are packed.
 */
export async function packLayout(folder: string, path: string): Promise<void> {
  await writeFileAtomic(path, tarOf(folder));
}

async function* tarOf(folder: string): AsyncGenerator<Uint8Array> {
  const blobs = await readdir(join(folder, 'blobs', 'sha256')).catch((error) => {
    throw new PortolanError(
      'unreachable',
      'NOT_FOUND',
      `oci-layout:${folder} cannot be packed: ${messageOf(error)}`,
      { cause: error },
    );
  });
  const names = blobs
    .filter((blob) => /^[0-9a-f]{64}$/.test(blob))
    .sort()
    .map((blob) => `blobs/sha256/${blob}`);
  // The index comes first: a reader of a stream knows early what is to come.
  for (const name of ['oci-layout', 'index.json', ...names]) {
    const file = await openForReading(join(folder, name), `oci-layout:${folder}`);
    try {
      const { size } = await file.stat();
      const content =
        size === 0 ? none() : file.createReadStream({ end: size - 1, autoClose: false });
      yield* tarEntry(name, size, content);
    } finally {
      await file.close();
    }
  }
  yield TAR_END;
}

async function* none(): AsyncGenerator<Uint8Array> {}

async function* readMember(path: string, { offset, size }: TarMember): AsyncGenerator<Uint8Array> {
  if (size === 0) return;
  yield* createReadStream(path, { start: offset, end: offset + size - 1 });
}
