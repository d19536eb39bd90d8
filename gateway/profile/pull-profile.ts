import type { ServerEntry } from '../../core/entry/types.generated.ts';
import { PortolanError } from '../../core/errors.ts';
import { layerOf } from '../../core/oci/artifact.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { PROFILE_ARTIFACT, PROFILE_LAYER, PROFILE_LOCK_LAYER } from '../../core/oci/media-types.ts';
import { openRepository } from '../../core/oci/open.ts';
import { parseSource } from '../../core/oci/reference.ts';
import { describeSigner, type TrustPolicy, verifyAttached } from '../../core/trust/verify.ts';
import { DOCKER_PROFILE_ARTIFACT, fromDockerProfile, readDockerProfile } from './docker-profile.ts';
import { parseProfile } from './parse-profile.ts';
import type { Imported } from './profile-file.ts';
import { parseLock } from './profile-lock.ts';
import { PROFILE_TAG } from './push-profile.ts';

/** A profile that was fetched; nothing of it is written yet. */
export interface Pulled extends Imported {
  readonly digest: Digest;
  /** Who signed it, in words; undefined for Docker's, which nobody signs. */
  readonly signer: string | undefined;
}

const MAX_BYTES = 2 ** 20;

/**
 * Fetches a profile and verifies who signed it. Docker's profiles are not signed: of them only names
 * of servers, settings and tools are taken, and whatever runs is what the catalogs sign.
 *
 * Throws what `policy` and verifyAttached throw, `unreachable` / `PROFILE_UNKNOWN`, and `malformed`
 * with `PROFILE_MALFORMED` or `LOCK_MALFORMED`.
 */
export async function pullProfile(
  target: string,
  {
    policy,
    entryOf,
  }: {
    /** Asked for when a signature is to be checked. */
    readonly policy: () => Promise<TrustPolicy>;
    /** The entry of a name, for profiles of Docker's. */
    readonly entryOf: (name: string) => Promise<ServerEntry | undefined>;
  },
): Promise<Pulled> {
  const source = parseSource(target);
  const repository = await openRepository(target);
  const tag = source.tag ?? PROFILE_TAG;
  const digest = source.digest ?? (await repository.resolveTag(tag))?.digest;
  if (!digest) {
    throw new PortolanError(
      'unreachable',
      'PROFILE_UNKNOWN',
      `${repository.name} has no tag "${tag}"; check the address`,
    );
  }
  const { manifest, descriptor } = await repository.readManifest(digest);
  const read = async (mediaType: string) => {
    const layer = layerOf(manifest, mediaType, target);
    if (!layer) throw malformed(target, `has no layer of type ${mediaType}`);
    const bytes = await repository.readBlob(layer, { maxBytes: MAX_BYTES });
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  };
  if (manifest.artifactType === DOCKER_PROFILE_ARTIFACT) {
    const docker = readDockerProfile(await read('application/json'), target);
    if (!docker) throw malformed(target, 'holds no list of servers');
    return { ...(await fromDockerProfile(docker, entryOf, target)), digest, signer: undefined };
  }
  if (manifest.artifactType !== PROFILE_ARTIFACT) {
    throw malformed(target, `is of type ${manifest.artifactType}, not ${PROFILE_ARTIFACT}`);
  }
  const { signer } = await verifyAttached(repository, descriptor, await policy());
  const text = await read(PROFILE_LAYER);
  return {
    profile: parseProfile(text, target),
    lock: parseLock(await read(PROFILE_LOCK_LAYER), `${target} (lock)`),
    text,
    notes: [],
    digest,
    signer: describeSigner(signer),
  };
}

function malformed(target: string, fact: string): PortolanError {
  return new PortolanError('malformed', 'PROFILE_MALFORMED', `${target} ${fact}`);
}
