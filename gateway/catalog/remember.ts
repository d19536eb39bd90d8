import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../../core/files.ts';
import { layerOf } from '../../core/oci/artifact.ts';
import { ENTRY_LAYER, TOOLS_LAYER } from '../../core/oci/media-types.ts';
import type { Evidence, TrustPolicy } from '../../core/trust/verify.ts';
import type { OpenCatalog } from './open-catalog.ts';
import {
  type Circumstances,
  circumstancesOf,
  memoryFile,
  type Range,
  type RememberedEvidence,
  type RememberedServer,
  type StartMemory,
  signerId,
  wantedServer,
} from './start-memory.ts';

/** Memories that are kept; the oldest go first. */
const MOST = 32;
/** A write right after a look may bear the time that the look saw; see memory of an index by Git. */
const SETTLED_MS = 100;

/**
 * Writes down what a start verified, for recallCatalog. `before` are the circumstances from before
 * the catalog was read; when they are others by now, nothing is remembered.
 */
export async function rememberCatalog(
  open: OpenCatalog,
  policy: TrustPolicy,
  wanted: readonly string[],
  before: Circumstances,
  { stateDir }: { readonly stateDir: string },
): Promise<void> {
  const parts: Uint8Array[] = [];
  let size = 0;
  const put = (bytes: Uint8Array): Range => {
    parts.push(bytes);
    size += bytes.byteLength;
    return [size - bytes.byteLength, size];
  };
  const servers: Record<string, RememberedServer> = {};
  for (const text of wanted) {
    const { name, version, locked } = wantedServer(text);
    const { descriptor, evidence, tools } = await open.server(name, version, locked);
    const { bytes, manifest } = await open.repository.readManifest(descriptor.digest);
    const read = async (type: string) => {
      const layer = layerOf(manifest, type, open.source);
      return layer && put(await open.repository.readBlob(layer));
    };
    const entry = await read(ENTRY_LAYER);
    const toolsRange = tools && (await read(TOOLS_LAYER));
    if (!entry) return;
    servers[descriptor.digest] = {
      descriptor,
      evidence: held(evidence),
      manifest: put(bytes),
      entry,
      ...(toolsRange && { tools: toolsRange }),
    };
  }
  const names = new Set(wanted.map((text) => wantedServer(text).name));
  const { servers: lines, ...catalog } = open.catalog;
  const memory: StartMemory = {
    circumstances: before,
    catalog,
    descriptor: open.descriptor,
    evidence: held(open.evidence),
    lines: lines.filter(({ name }) => names.has(name)),
    servers,
  };
  const after = circumstancesOf(open.source, policy);
  if (!after || JSON.stringify(after) !== JSON.stringify(before)) return;
  const changed = Number(before.index.split(' ').at(-1)) / 1e6;
  if (Date.now() - changed < SETTLED_MS) return;
  const path = memoryFile(stateDir, open.source, wanted);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const head = Buffer.from(`${JSON.stringify(memory)}\n`);
  await writeFileAtomic(path, Buffer.concat([head, ...parts]), { mode: 0o600, exactMode: true });
  await forgetOldest(dirname(path));
}

function held({ signer, logIndex }: Evidence): RememberedEvidence {
  return { signer: signerId(signer), ...(logIndex !== undefined && { logIndex }) };
}

async function forgetOldest(folder: string): Promise<void> {
  const files = await Promise.all(
    (await readdir(folder)).map(async (name) => {
      const path = join(folder, name);
      return { path, time: (await stat(path).catch(() => undefined))?.mtimeMs ?? 0 };
    }),
  );
  files.sort((a, b) => b.time - a.time);
  await Promise.all(files.slice(MOST).map(({ path }) => rm(path, { force: true })));
}
