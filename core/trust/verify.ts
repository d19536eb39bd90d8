import type { BundleWithDsseEnvelope } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { messageOf, PortolanError } from '../errors.ts';
import type { Descriptor, Repository } from '../oci/repository.ts';
import { attachedBundles, parseBundle } from './bundle.ts';
import type { VerificationKey } from './keys.ts';
import { checkStatement, SIGN_PREDICATE, type Statement } from './statement.ts';

/** Someone whose signature counts. */
export type TrustedSigner =
  | { readonly kind: 'key'; readonly key: VerificationKey }
  | { readonly kind: 'identity'; readonly identity: string; readonly issuer: string };

/** What a verification rests on. */
export interface TrustPolicy {
  readonly signers: readonly TrustedSigner[];
  /** Sigstore's trusted root (JSON), needed for identities. */
  readonly trustedRoot?: unknown;
}

/** What a successful verification found. */
export interface Evidence {
  readonly signer: TrustedSigner;
  readonly statement: Statement;
  /** Index in the transparency log, for keyless signatures. */
  readonly logIndex?: string;
}

/**
 * Finds a signature on a manifest, attached as a referrer, that one of the trusted signers made.
 *
 * Throws `unverified` with `SIGNATURE_MISSING` (none attached), `SIGNATURE_INVALID` (it does not
 * hold) or `STATEMENT_MISMATCH` (made for something else); `untrusted` / `SIGNER_UNTRUSTED` (by
 * someone else); `malformed` / `BUNDLE_MALFORMED`.
 */
export async function verifyAttached(
  repository: Repository,
  subject: Descriptor,
  policy: TrustPolicy,
  options: { readonly predicateType?: string } = {},
): Promise<Evidence> {
  const failures: unknown[] = [];
  for await (const found of attachedBundles(repository, subject)) {
    try {
      if ('error' in found) throw found.error;
      return verifyBundle(found.bytes, subject, policy, { ...options, where: found.where });
    } catch (error) {
      failures.push(error);
    }
  }
  throw worstOf(failures, repository, subject);
}

/** Checks one bundle against the manifest that it should sign. Throws as verifyAttached does. */
export function verifyBundle(
  bytes: Uint8Array,
  subject: Pick<Descriptor, 'digest'>,
  policy: TrustPolicy,
  {
    predicateType = SIGN_PREDICATE,
    where = 'bundle',
  }: { predicateType?: string; where?: string } = {},
): Evidence {
  const bundle = parseBundle(bytes, where);
  const signer = verifySigner(bundle, policy, where);
  const statement = checkStatement(
    bundle.content.dsseEnvelope,
    { subject: subject.digest, predicateType },
    where,
  );
  const [logEntry] = bundle.verificationMaterial.tlogEntries;
  return { signer, statement, ...(logEntry ? { logIndex: logEntry.logIndex } : {}) };
}

function verifySigner(
  bundle: BundleWithDsseEnvelope,
  policy: TrustPolicy,
  where: string,
): TrustedSigner {
  const material = bundle.verificationMaterial.content;
  if (material.$case === 'publicKey')
    return verifyWithKey(bundle, material.publicKey.hint, policy, where);
  return verifyWithIdentity(bundle, policy, where);
}

function verifyWithKey(
  bundle: BundleWithDsseEnvelope,
  hint: string,
  policy: TrustPolicy,
  where: string,
): TrustedSigner {
  const signer = policy.signers.find((item) => item.kind === 'key' && item.key.hint === hint);
  if (signer?.kind !== 'key') {
    throw untrusted(where, `made by the key ${fingerprintOf(hint)}`, policy);
  }
  // Thresholds of zero are right for a pinned key only: there is no certificate to date or to log.
  const verifier = new Verifier(
    toTrustMaterial(EMPTY_ROOT, () => ({ publicKey: signer.key.key, validFor: () => true })),
    { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 },
  );
  runVerifier(() => verifier.verify(toSignedEntity(bundle)), where);
  return signer;
}

function verifyWithIdentity(
  bundle: BundleWithDsseEnvelope,
  policy: TrustPolicy,
  where: string,
): TrustedSigner {
  const identities = policy.signers.filter((item) => item.kind === 'identity');
  if (identities.length === 0) throw untrusted(where, 'made with a certificate', policy);
  if (policy.trustedRoot === undefined) {
    throw new PortolanError(
      'untrusted',
      'TRUSTED_ROOT_MISSING',
      `${where}: checking a keyless signature needs Sigstore's trusted root; give one with --trusted-root FILE`,
    );
  }
  // Each threshold is one: without a timestamp a certificate of ten minutes says nothing.
  const verifier = new Verifier(toTrustMaterial(TrustedRoot.fromJSON(policy.trustedRoot)), {
    tlogThreshold: 1,
    ctlogThreshold: 1,
    timestampThreshold: 1,
  });
  const found = runVerifier(() => verifier.verify(toSignedEntity(bundle)), where).identity;
  // Compared here, exactly: the library matches the identity as an unanchored regular expression.
  const signer = identities.find(
    (item) =>
      item.identity === found?.subjectAlternativeName && item.issuer === found.extensions?.issuer,
  );
  if (!signer) {
    throw untrusted(
      where,
      `made by ${found?.subjectAlternativeName} (issuer ${found?.extensions?.issuer})`,
      policy,
    );
  }
  return signer;
}

const EMPTY_ROOT = TrustedRoot.fromJSON({});

function runVerifier<T>(verify: () => T, where: string): T {
  try {
    return verify();
  } catch (error) {
    throw new PortolanError(
      'unverified',
      'SIGNATURE_INVALID',
      `${where}: the signature does not hold: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

function untrusted(where: string, fact: string, policy: TrustPolicy): PortolanError {
  return new PortolanError(
    'untrusted',
    'SIGNER_UNTRUSTED',
    `${where}: the signature was ${fact}; trusted here: ${policy.signers.map(describeSigner).join('; ') || 'nobody'}`,
  );
}

/** A signer in words. */
export function describeSigner(signer: TrustedSigner): string {
  return signer.kind === 'key'
    ? `the key ${signer.key.fingerprint}`
    : `${signer.identity} (issuer ${signer.issuer})`;
}

function fingerprintOf(hint: string): string {
  return `SHA256:${Buffer.from(hint, 'base64').toString('hex')}`;
}

/** Several attached bundles may fail for different reasons; the gravest one is the one to tell. */
const GRAVITY = ['SIGNATURE_INVALID', 'STATEMENT_MISMATCH', 'SIGNER_UNTRUSTED'];

function worstOf(
  failures: readonly unknown[],
  repository: Repository,
  subject: Descriptor,
): unknown {
  if (failures.length === 0) {
    return new PortolanError(
      'unverified',
      'SIGNATURE_MISSING',
      `${repository.name}: ${subject.digest} has no signature; its publisher must sign it, or the signature was removed`,
    );
  }
  const rank = (error: unknown) => {
    const index = error instanceof PortolanError ? GRAVITY.indexOf(error.code) : -1;
    return index === -1 ? GRAVITY.length : index;
  };
  return [...failures].sort((a, b) => rank(a) - rank(b))[0];
}
