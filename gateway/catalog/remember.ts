import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { VerifiedServer } from '../../core/catalog/read-server.ts';
import { PortolanError } from '../../core/errors.ts';
import { writeFileAtomic } from '../../core/files.ts';
import { layerOf } from '../../core/oci/artifact.ts';
import { ENTRY_LAYER, TOOLS_LAYER } from '../../core/oci/media-types.ts';
import type { Evidence, TrustPolicy } from '../../core/trust/verify.ts';
import { keepNewest } from '../own-file.ts';
import type { OpenCatalog } from './open-catalog.ts';
import {
  type Circumstances,
  circumstancesOf,
  LARGEST_MEMORY,
  memoryFile,
  type Range,
  type RememberedEvidence,
  type RememberedServer,
  type StartMemory,
  signerId,
  type Wanted,
  wantedServer,
  wantedText,
} from './start-memory.ts';

/** Memories that are kept; the oldest go first. */
const MOST = 32;
/** A write right after a look may bear the time that the look saw; see memory of an index by Git. */
const SETTLED_MS = 100;

/** A catalog that takes down what is asked of it, and what came of that. */
export interface WatchedCatalog {
  readonly catalog: OpenCatalog;
  /** By what was asked for, as wantedText writes it: the server, or why it was withdrawn. */
  readonly answers: ReadonlyMap<string, VerifiedServer | string>;
}

/** Watches what a start asks of a catalog: only that was verified, and only that is remembered. */
export function watchCatalog(open: OpenCatalog): WatchedCatalog {
  const answers = new Map<string, VerifiedServer | string>();
  return {
    answers,
    catalog: {
      ...open,
      async server(name, version, locked) {
        const text = wantedText({ name, version, locked });
        try {
          const server = await open.server(name, version, locked);
          answers.set(text, server);
          return server;
        } catch (error) {
          const withdrawn = error instanceof PortolanError && error.code === 'SERVER_WITHDRAWN';
          if (withdrawn) answers.set(text, error.message);
          throw error;
        }
      },
    },
  };
}

/**
 * Writes down what a start verified, for recallCatalog. `before` are the circumstances from before
 * the catalog was read; when they are others by now, nothing is remembered.
 */
export async function rememberCatalog(
  { catalog: open, answers }: WatchedCatalog,
  policy: TrustPolicy,
  wanted: Wanted,
  before: Circumstances,
  { stateDir }: { readonly stateDir: string },
): Promise<void> {
  // A copy that stood in for its registry is judged by other rules.
  if (open.offline) return;
  const parts: Uint8Array[] = [];
  let size = 0;
  const put = (bytes: Uint8Array): Range => {
    parts.push(bytes);
    size += bytes.byteLength;
    return [size - bytes.byteLength, size];
  };
  const servers: Record<string, RememberedServer> = {};
  const withdrawn: Record<string, string> = {};
  for (const [text, answer] of answers) {
    if (size > LARGEST_MEMORY) return;
    if (typeof answer === 'string') {
      withdrawn[text] = answer;
      continue;
    }
    const { descriptor, evidence, tools } = answer;
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
  const names = new Set(wanted.servers.map((text) => wantedServer(text).name));
  const { servers: lines, ...catalog } = open.catalog;
  const memory: StartMemory = {
    circumstances: before,
    catalog,
    descriptor: open.descriptor,
    evidence: held(open.evidence),
    freshness: open.freshness,
    lines: wanted.all ? lines : lines.filter(({ name }) => names.has(name)),
    servers,
    withdrawn,
  };
  const after = circumstancesOf(open.source, policy);
  if (!after || JSON.stringify(after) !== JSON.stringify(before)) return;
  const changed = Number(before.index.split(' ').at(-1)) / 1e6;
  if (Date.now() - changed < SETTLED_MS) return;
  await writeMemory(memoryFile(stateDir, open.source, wanted), memory, parts);
}

/** Writes a memory for its owner only: the first line, and the bytes that its ranges are of. */
export async function writeMemory(
  path: string,
  memory: StartMemory,
  parts: readonly Uint8Array[],
): Promise<void> {
  const bytes = Buffer.concat([Buffer.from(`${JSON.stringify(memory)}\n`), ...parts]);
  if (bytes.byteLength > LARGEST_MEMORY) return;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFileAtomic(path, bytes, { mode: 0o600, exactMode: true });
  await keepNewest(dirname(path), MOST);
}

function held({ signer, logIndex }: Evidence): RememberedEvidence {
  return { signer: signerId(signer), ...(logIndex !== undefined && { logIndex }) };
}
