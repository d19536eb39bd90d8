import { type Artifact, putArtifact } from '../../core/oci/artifact.ts';
import type { Descriptor, Repository } from '../../core/oci/repository.ts';
import { attachBundle } from '../../core/trust/bundle.ts';
import type { StatementSigner } from '../../core/trust/sign.ts';
import { MAX_SUBJECTS, SIGN_PREDICATE } from '../../core/trust/statement.ts';
import { forEachLimited } from './limited.ts';

/** Uploads at the same time, unless told otherwise. */
export const CONCURRENCY = 16;

/**
 * About so many servers share a statement that a local key signs. A bundle for each would be a
 * seventh of all files and uploads; one for a thousand would have every client read 100 KB for one.
 */
export const SIGNED_TOGETHER = 32;

/** How artifacts are signed. */
export interface SigningOptions {
  readonly sign: StatementSigner;
  /** Subjects of a statement: SIGNED_TOGETHER for a local key, more where each costs a log entry. */
  readonly batchSize: number;
  /** A development key signs: the signature says so. */
  readonly development: boolean;
  /** Uploads at the same time. */
  readonly concurrency?: number;
}

/** Stores artifacts and then their signatures: what is signed is there before the signature is. */
export async function putSigned(
  repository: Repository,
  artifacts: readonly Artifact[],
  signing: SigningOptions,
): Promise<void> {
  await forEachLimited(artifacts, signing.concurrency ?? CONCURRENCY, async (artifact) => {
    await putArtifact(repository, artifact);
  });
  const stored = artifacts.map(({ descriptor }) => descriptor);
  await putSignatures(repository, stored, signing);
}

/** Signs artifacts that are stored. */
export async function putSignatures(
  repository: Repository,
  stored: readonly Descriptor[],
  { sign, batchSize, development, concurrency = CONCURRENCY }: SigningOptions,
): Promise<void> {
  const batches = batchesOf(stored, Math.min(batchSize, MAX_SUBJECTS));
  for (const batch of batches) {
    const bundle = await sign({
      predicateType: SIGN_PREDICATE,
      subjects: batch.map(({ digest }) => digest),
      predicate: {},
    });
    await forEachLimited(batch, concurrency, async (descriptor) => {
      await attachBundle(repository, descriptor, bundle, {
        predicateType: SIGN_PREDICATE,
        ...(development ? { annotations: DEVELOPMENT } : {}),
      });
    });
  }
}

const DEVELOPMENT = { 'dev.portolan.signer': 'development key' };

function batchesOf<T>(items: readonly T[], size: number): T[][] {
  const batches: T[][] = [];
  for (let start = 0; start < items.length; start += size) {
    batches.push(items.slice(start, start + size));
  }
  return batches;
}
