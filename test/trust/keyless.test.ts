import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalBytes } from '../../core/entry/canonical.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { keylessSigner } from '../../core/trust/keyless.ts';
import { SIGN_PREDICATE } from '../../core/trust/statement.ts';
import { type TrustPolicy, verifyBundle } from '../../core/trust/verify.ts';
import { identityToken, startSigstore, type TestSigstore } from '../support/sigstore.ts';

const issuer = 'https://token.actions.githubusercontent.com';
const identity = 'https://github.com/example/catalog/.github/workflows/publish.yml@refs/heads/main';
const subject: Digest = `sha256:${'a'.repeat(64)}`;
const other: Digest = `sha256:${'b'.repeat(64)}`;

let sigstore: TestSigstore;
let bundle: Uint8Array;

beforeAll(async () => {
  sigstore = await startSigstore();
  bundle = await sign(sigstore);
});
afterAll(() => sigstore[Symbol.asyncDispose]());

function sign(services: TestSigstore, subjects: readonly Digest[] = [subject, other]) {
  const signer = keylessSigner(
    { getToken: async () => identityToken({ sub: identity, iss: issuer }) },
    { fulcioUrl: services.url, rekorUrl: services.url, tsaUrl: services.url },
  );
  return signer({ predicateType: SIGN_PREDICATE, subjects, predicate: {} });
}

function policy(change: { identity?: string; issuer?: string; trustedRoot?: unknown } = {}) {
  return {
    signers: [
      { kind: 'identity', identity: change.identity ?? identity, issuer: change.issuer ?? issuer },
    ],
    trustedRoot: 'trustedRoot' in change ? change.trustedRoot : sigstore.trustedRoot,
  } satisfies TrustPolicy;
}

const parsed = () => JSON.parse(Buffer.from(bundle).toString());

describe('a keyless signature', () => {
  it('holds for each of its subjects, with its log entry', () => {
    for (const digest of [subject, other]) {
      const evidence = verifyBundle(bundle, { digest }, policy());
      expect(evidence.signer).toMatchObject({ kind: 'identity', identity, issuer });
      expect(Number(evidence.logIndex)).toBeGreaterThanOrEqual(0);
    }
  });

  it('does not hold for another digest', () => {
    const digest: Digest = `sha256:${'c'.repeat(64)}`;
    expect(() => verifyBundle(bundle, { digest }, policy())).toThrow(
      expect.objectContaining({ code: 'STATEMENT_MISMATCH' }),
    );
  });

  it.each([
    ['a longer identity', { identity: `${identity}x` }],
    ['a shorter identity', { identity: identity.slice(0, -1) }],
    ['a part of the identity', { identity: 'github.com/example/catalog' }],
    ['an identity with a wildcard', { identity: identity.replace('publish', '.*') }],
    ['another branch', { identity: identity.replace('main', 'evil') }],
    ['another issuer', { issuer: 'https://accounts.example.com' }],
  ])('is not trusted for %s', (_name, change) => {
    expect(() => verifyBundle(bundle, { digest: subject }, policy(change))).toThrow(
      expect.objectContaining({ kind: 'untrusted', code: 'SIGNER_UNTRUSTED' }),
    );
  });

  it('needs a trusted root', () => {
    expect(() =>
      verifyBundle(bundle, { digest: subject }, policy({ trustedRoot: undefined })),
    ).toThrow(expect.objectContaining({ code: 'TRUSTED_ROOT_MISSING' }));
  });

  it('does not hold under the root of other services', async () => {
    await using stranger = await startSigstore();
    const change = { trustedRoot: stranger.trustedRoot };
    expect(() => verifyBundle(bundle, { digest: subject }, policy(change))).toThrow(
      expect.objectContaining({ code: 'SIGNATURE_INVALID' }),
    );
  });

  it('does not hold with the timestamp of another signature grafted on', async () => {
    const donor = JSON.parse(Buffer.from(await sign(sigstore, [other])).toString());
    const victim = parsed();
    victim.verificationMaterial.timestampVerificationData =
      donor.verificationMaterial.timestampVerificationData;
    expect(() => verifyBundle(canonicalBytes(victim), { digest: subject }, policy())).toThrow(
      expect.objectContaining({ code: 'SIGNATURE_INVALID' }),
    );
  });

  it('does not hold with the log entry of another signature grafted on', async () => {
    const donor = JSON.parse(Buffer.from(await sign(sigstore, [other])).toString());
    const victim = parsed();
    victim.verificationMaterial.tlogEntries = donor.verificationMaterial.tlogEntries;
    expect(() => verifyBundle(canonicalBytes(victim), { digest: subject }, policy())).toThrow(
      expect.objectContaining({ code: 'SIGNATURE_INVALID' }),
    );
  });

  it.each([
    ['tlogEntries', 'the log entry'],
    ['timestampVerificationData', 'the timestamp'],
  ])('without %s (%s) is refused', (field) => {
    const victim = parsed();
    delete victim.verificationMaterial[field];
    if (field === 'timestampVerificationData') {
      // The log's own time would stand in for the timestamp.
      for (const entry of victim.verificationMaterial.tlogEntries) entry.integratedTime = '0';
    }
    expect(() => verifyBundle(canonicalBytes(victim), { digest: subject }, policy())).toThrow(
      expect.objectContaining({ name: 'PortolanError' }),
    );
  });
});

describe('the signer', () => {
  it('says what to check when the services do not answer', async () => {
    const signer = keylessSigner(
      { getToken: async () => identityToken({ sub: identity, iss: issuer }) },
      {
        fulcioUrl: 'http://127.0.0.1:9',
        rekorUrl: 'http://127.0.0.1:9',
        tsaUrl: 'http://127.0.0.1:9',
      },
    );
    await expect(
      signer({ predicateType: SIGN_PREDICATE, subjects: [subject], predicate: {} }),
    ).rejects.toMatchObject({ kind: 'unreachable', code: 'SIGSTORE_FAILED' });
  });
});
