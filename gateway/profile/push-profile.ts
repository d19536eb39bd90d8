import { PortolanError } from '../../core/errors.ts';
import { packArtifact, putArtifact } from '../../core/oci/artifact.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { PROFILE_ARTIFACT, PROFILE_LAYER, PROFILE_LOCK_LAYER } from '../../core/oci/media-types.ts';
import { openRepository } from '../../core/oci/open.ts';
import { parseSource } from '../../core/oci/reference.ts';
import { attachBundle } from '../../core/trust/bundle.ts';
import type { StatementSigner } from '../../core/trust/sign.ts';
import { SIGN_PREDICATE } from '../../core/trust/statement.ts';
import { requireFrozen } from './check-lock.ts';
import { lockText } from './profile-lock.ts';
import type { LoadedProfile } from './read-profile.ts';

/** The tag when the target names none. */
export const PROFILE_TAG = 'latest';

/**
 * Stores a profile with its lock as an OCI artifact, signs it, and points the tag to it last. Equal
 * files give an equal digest. Without a signer it is stored unsigned, to be signed with cosign.
 *
 * Throws `usage` / `LOCK_FROZEN` when profile and lock disagree, and what the repository throws.
 */
export async function pushProfile(
  loaded: LoadedProfile,
  profileText: string,
  target: string,
  sign: StatementSigner | undefined,
): Promise<{ readonly digest: Digest; readonly tag: string }> {
  requireFrozen(loaded);
  const source = parseSource(target);
  if (source.digest) {
    throw new PortolanError(
      'usage',
      'SOURCE_MALFORMED',
      `${target} names a digest, which is known only afterwards; give a tag`,
    );
  }
  const repository = await openRepository(target, { create: true });
  const encoder = new TextEncoder();
  const artifact = packArtifact(PROFILE_ARTIFACT, [
    { title: 'portolan.yaml', mediaType: PROFILE_LAYER, bytes: encoder.encode(profileText) },
    {
      title: 'portolan.lock.json',
      mediaType: PROFILE_LOCK_LAYER,
      bytes: encoder.encode(lockText(loaded.lock)),
    },
  ]);
  const descriptor = await putArtifact(repository, artifact);
  if (sign) {
    const bundle = await sign({
      predicateType: SIGN_PREDICATE,
      subjects: [descriptor.digest],
      predicate: {},
    });
    await attachBundle(repository, descriptor, bundle, { predicateType: SIGN_PREDICATE });
  }
  const tag = source.tag ?? PROFILE_TAG;
  await repository.putTag(tag, descriptor);
  return { digest: descriptor.digest, tag };
}
