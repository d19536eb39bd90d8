import { createReadStream, mkdirSync, writeFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalBytes } from '../entry/canonical.ts';
import { hasErrno, PortolanError } from '../errors.ts';
import { withFileLock } from '../file-lock.ts';
import { writeFileAtomic } from '../files.ts';
import { asDigest, type Digest, digestOf, hexOf, verifyBytes } from './digest.ts';
import { type LayoutIndex, readLayoutIndex } from './layout-index.ts';
import { readLayout } from './layout-reader.ts';
import { MANIFEST_TYPE, parseManifest } from './manifest.ts';
import { isTag } from './reference.ts';
import type { Descriptor, Repository } from './repository.ts';
import { hashing } from './stream.ts';

/** A repository in an OCI image layout directory (image-spec, image-layout.md). */
export interface Layout extends Repository {
  /** Runs `work` and writes index.json once, at its end, instead of after each change. */
  batch<T>(work: () => Promise<T>): Promise<T>;
}

type Change = (index: LayoutIndex) => void;

/**
 * Opens the layout at `folder`. With `create`, an empty one is begun by the first write; without it
 * a missing layout is `unreachable` / `NOT_FOUND`. Several processes may write to one layout: each
 * change is made to index.json as it is at that moment, one process at a time.
 *
 * `unshared` is for a layout that nobody else can see before it is whole: its blobs are written
 * straight to their place, which takes a fraction of the time.
 */
export async function openLayout(
  folder: string,
  options: { readonly create?: boolean; readonly unshared?: boolean } = {},
): Promise<Layout> {
  const name = `oci-layout:${folder}`;
  const indexPath = join(folder, 'index.json');
  let index: LayoutIndex;
  /** Which index.json `index` was read from; another one there means that others have written. */
  let version: string | undefined;
  /** Changes that are in `index` and not yet on disk. */
  let pending: Change[] = [];
  let batching = 0;
  let writing: Promise<void> = Promise.resolve();

  const written = new Set<Digest>();

  await reload();
  const pathOf = (digest: Digest) => join(folder, 'blobs', 'sha256', hexOf(asDigest(digest, name)));
  const sizeOf = (digest: Digest) =>
    stat(pathOf(digest)).then(
      (found) => found.size,
      () => undefined,
    );

  function writeNow(descriptor: Descriptor, content: Uint8Array): void {
    if (written.has(descriptor.digest)) return;
    verifyBytes(content, descriptor, name);
    if (written.size === 0) mkdirSync(join(folder, 'blobs', 'sha256'), { recursive: true });
    writeFileSync(pathOf(descriptor.digest), content);
    written.add(descriptor.digest);
  }

  async function reload() {
    version = await versionOf(indexPath);
    index = readLayoutIndex(await readIndex(indexPath, folder, options.create === true), indexPath);
    for (const change of pending) change(index);
  }

  async function change(made: Change) {
    made(index);
    pending.push(made);
    if (batching === 0) await save();
  }

  /** Writes what is pending; calls that come meanwhile wait and find their change written. */
  function save(): Promise<void> {
    const mine = writing.then(async () => {
      if (pending.length === 0) return;
      await withFileLock(join(folder, '.index.json.lock'), async () => {
        if ((await versionOf(indexPath)) !== version) await reload();
        const count = pending.length;
        if (version === undefined) {
          const marker = canonicalBytes({ imageLayoutVersion: '1.0.0' });
          await writeFileAtomic(join(folder, 'oci-layout'), marker);
        }
        await writeFileAtomic(indexPath, index.toBytes());
        version = await versionOf(indexPath);
        pending = pending.slice(count);
      });
    });
    writing = mine.catch(() => {});
    return mine;
  }

  const layout: Layout = {
    ...readLayout({
      name,
      async index() {
        if (pending.length === 0 && (await versionOf(indexPath)) !== version) await reload();
        return index;
      },
      sizeOf,
      read: (digest) => createReadStream(pathOf(digest)),
    }),
    async putBlob(descriptor, content) {
      if (options.unshared && content instanceof Uint8Array) return writeNow(descriptor, content);
      if ((await sizeOf(descriptor.digest)) !== undefined) return;
      const checked =
        content instanceof Uint8Array ? content : hashing(content(), descriptor, name);
      if (content instanceof Uint8Array) verifyBytes(content, descriptor, name);
      await writeFileAtomic(pathOf(descriptor.digest), checked);
    },
    async putManifest(bytes) {
      const { artifactType, subject } = parseManifest(bytes, `manifest for ${name}`);
      const descriptor: Descriptor = {
        mediaType: MANIFEST_TYPE,
        digest: digestOf(bytes),
        size: bytes.byteLength,
      };
      await layout.putBlob(descriptor, bytes);
      const listed = artifactType === undefined ? descriptor : { ...descriptor, artifactType };
      await change((to) => to.add(listed, subject?.digest));
      return descriptor;
    },
    async putTag(tag, descriptor) {
      if (!isTag(tag)) {
        throw new PortolanError(
          'malformed',
          'TAG_MALFORMED',
          `${name}: ${JSON.stringify(tag)} is not a tag; use up to 128 letters, digits, _ . -`,
        );
      }
      await change((to) => to.setTag(tag, descriptor));
    },
    async batch(work) {
      batching += 1;
      try {
        return await work();
      } finally {
        batching -= 1;
        if (batching === 0) await save();
      }
    },
  };
  return layout;
}

async function versionOf(path: string): Promise<string | undefined> {
  try {
    const { ino, mtimeNs, size } = await stat(path, { bigint: true });
    return `${ino} ${mtimeNs} ${size}`;
  } catch {
    return undefined;
  }
}

async function readIndex(
  path: string,
  folder: string,
  create: boolean,
): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (create && hasErrno(error, 'ENOENT')) return undefined;
    throw new PortolanError(
      'unreachable',
      'NOT_FOUND',
      `oci-layout:${folder} is not an OCI image layout: index.json cannot be read; give the folder that holds index.json, or build one with \`npm run build:catalog\``,
      { cause: error },
    );
  }
}
