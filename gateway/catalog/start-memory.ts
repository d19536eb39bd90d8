import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { VerifiedFreshness } from '../../core/catalog/check-freshness.ts';
import { canonicalJson } from '../../core/entry/canonical.ts';
import type {
  CatalogServer,
  LockedServer,
  PublishedCatalog,
} from '../../core/entry/types.generated.ts';
import { isDigest } from '../../core/oci/digest.ts';
import { parseSource } from '../../core/oci/reference.ts';
import type { Descriptor } from '../../core/oci/repository.ts';
import { SIGN_PREDICATE } from '../../core/trust/statement.ts';
import type { Evidence, TrustedSigner, TrustPolicy } from '../../core/trust/verify.ts';
import { readOwnFile } from '../own-file.ts';

declare const PORTOLAN_SCHEMAS: string | undefined;

/** Under what a memory holds. Whatever of it is another one than then makes a start verify anew. */
export interface Circumstances {
  /** The schemas that entries were checked against. */
  readonly schemas: string;
  /** Whose signatures count, and the trusted root. */
  readonly policy: string;
  /** Which index.json the layout had; empty for a registry, whose tags are asked for. */
  readonly index: string;
}

/** A signature that held, without the arithmetic. */
export interface RememberedEvidence {
  readonly signer: string;
  readonly logIndex?: string;
}

/** Where bytes are in the body of the file: first and behind the last. */
export type Range = readonly [from: number, to: number];

/** One verified server. Its bytes are hashed again at each start. */
export interface RememberedServer {
  readonly descriptor: Descriptor;
  readonly evidence: RememberedEvidence;
  readonly manifest: Range;
  readonly entry: Range;
  readonly tools?: Range;
}

/** What the first line of a memory says; the bytes of manifests, entries and tools follow it. */
export interface StartMemory {
  readonly circumstances: Circumstances;
  readonly catalog: Omit<PublishedCatalog, 'servers'>;
  readonly descriptor: Descriptor;
  readonly evidence: RememberedEvidence;
  /** The statement of a registry that the catalog is the newest; its dates are judged each time. */
  readonly freshness?: VerifiedFreshness | undefined;
  /** Lines of the catalog for the servers that were served; all lines, where all were. */
  readonly lines: readonly CatalogServer[];
  /** By digest. */
  readonly servers: Readonly<Record<string, RememberedServer>>;
  /** What was asked for, as wantedText writes it, and is withdrawn; with the words that said so. */
  readonly withdrawn: Readonly<Record<string, string>>;
}

/** A larger memory is neither written nor read. */
export const LARGEST_MEMORY = 64 * 2 ** 20;

/** What a start serves. */
export interface Wanted {
  /** As wantedText writes them. */
  readonly servers: readonly string[];
  /** Every other server of the catalog, too. */
  readonly all: boolean;
}

/** A server that a start serves: by its name, a version, or the digest that a profile's lock holds. */
export interface WantedServer {
  readonly name: string;
  readonly version?: string | undefined;
  readonly locked?: Pick<LockedServer, 'version' | 'digest'> | undefined;
}

/** A wanted server as text: NAME, NAME@VERSION, or NAME@VERSION#DIGEST for a locked one. */
export function wantedText({ name, version, locked }: WantedServer): string {
  if (locked) return `${name}@${locked.version}#${locked.digest}`;
  return version === undefined ? name : `${name}@${version}`;
}

/** What a text of wantedText stands for. */
export function wantedServer(text: string): WantedServer {
  const [plain = '', digest] = text.split('#');
  const [name = '', version] = plain.split('@');
  if (digest && version) return { name, version, locked: { version, digest } };
  return { name, version };
}

/** The file that remembers a start from this source with these servers. */
export function memoryFile(stateDir: string, source: string, { servers, all }: Wanted): string {
  const key = JSON.stringify([source, ...servers, ...(all ? ['*'] : [])]);
  const name = createHash('sha256').update(key).digest('hex').slice(0, 32);
  return join(stateDir, 'starts', name);
}

/** The circumstances of this moment; undefined for a source that nothing is remembered of. */
export function circumstancesOf(source: string, policy: TrustPolicy): Circumstances | undefined {
  const parsed = parseSource(source);
  if (parsed.kind === 'layout' && parsed.archive) return undefined;
  const index = parsed.kind === 'registry' ? '' : versionOf(join(parsed.path, 'index.json'));
  if (index === undefined) return undefined;
  return {
    schemas: typeof PORTOLAN_SCHEMAS === 'string' ? PORTOLAN_SCHEMAS : 'source',
    policy: createHash('sha256')
      .update(JSON.stringify(policy.signers.map(signerId)))
      .update(policy.trustedRoot === undefined ? '' : canonicalJson(policy.trustedRoot))
      .digest('hex'),
    index,
  };
}

/** A signer as a memory names it. */
export function signerId(signer: TrustedSigner): string {
  return signer.kind === 'key'
    ? signer.key.fingerprint
    : JSON.stringify([signer.issuer, signer.identity]);
}

/** The evidence again, with the signer as the policy has it now; undefined when it has none such. */
export function evidenceOf(
  { signer: id, logIndex }: RememberedEvidence,
  policy: TrustPolicy,
  subject: Descriptor,
): Evidence | undefined {
  const signer = policy.signers.find((one) => signerId(one) === id);
  if (!signer) return undefined;
  return {
    signer,
    statement: { predicateType: SIGN_PREDICATE, subjects: [subject.digest], predicate: {} },
    ...(logIndex !== undefined && { logIndex }),
  };
}

/**
 * A file that only its owner can have written, split at its first line; undefined when there is none
 * or others can write to it. Threat: what is remembered here is not verified again, so it must be as
 * hard to write as the list of trusted keys.
 */
export function readMemory(
  path: string,
): { readonly memory: StartMemory; readonly body: Buffer } | undefined {
  const bytes = readOwnFile(path, LARGEST_MEMORY);
  if (!bytes) return undefined;
  try {
    const end = bytes.indexOf(10);
    const memory = JSON.parse(bytes.toString('utf8', 0, end)) as StartMemory;
    return isDigest(memory.descriptor?.digest)
      ? { memory, body: bytes.subarray(end + 1) }
      : undefined;
  } catch {
    // Cut off or damaged: the start verifies, and writes it anew.
    return undefined;
  }
}

/** Changes with every write to a file: which file it is, its size, and when it was changed. */
function versionOf(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  // The time of the last change of the inode cannot be set back, unlike that of the content.
  return found && `${found.dev} ${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}`;
}
