import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseCatalog, parseEntry, parseTools } from '../../core/entry/parse.ts';
import { PortolanError } from '../../core/errors.ts';
import type { Digest } from '../../core/oci/digest.ts';
import { generateKeyPem, parsePublicKey, parseSigningKey } from '../../core/trust/keys.ts';
import { keySigner } from '../../core/trust/sign.ts';
import { checkStatement, PAYLOAD_TYPE, SIGN_PREDICATE } from '../../core/trust/statement.ts';
import { type TrustPolicy, verifyBundle } from '../../core/trust/verify.ts';

// A seed, so that a failure can be had again; fewer runs than a fuzzer, more than a person tries.
const runs = { seed: 20261122, numRuns: 2_000 };
const digest: Digest = `sha256:${'a'.repeat(64)}`;

let policy: TrustPolicy;
let text: string;

beforeAll(async () => {
  const key = parseSigningKey(generateKeyPem().privatePem, 'key');
  policy = { signers: [{ kind: 'key', key }] };
  const bundle = await keySigner(key)({
    predicateType: SIGN_PREDICATE,
    subjects: [digest],
    predicate: {},
  });
  text = Buffer.from(bundle).toString();
});

/** Only errors that a user can read may come out; anything else is a bug. */
function refuses(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof PortolanError)) throw error;
  }
}

/** JSON values, some of them with the keys that the parsers look for. */
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.jsonValue(),
    fc.dictionary(
      fc.constantFrom(
        'mediaType',
        'verificationMaterial',
        'publicKey',
        'hint',
        'certificate',
        'x509CertificateChain',
        'rawBytes',
        'tlogEntries',
        'timestampVerificationData',
        'dsseEnvelope',
        'payload',
        'payloadType',
        'signatures',
        'sig',
        'keyid',
        '_type',
        'subject',
        'predicateType',
        '__proto__',
      ),
      tie('value'),
    ),
    fc.array(tie('value'), { maxLength: 4 }),
  ),
})).value;

describe('what comes from outside', () => {
  it('ends a bundle in an error that can be read', () => {
    fc.assert(
      fc.property(json, (value) => {
        const bytes = Buffer.from(JSON.stringify(value));
        refuses(() => verifyBundle(bytes, { digest }, policy));
      }),
      runs,
    );
  });

  it('never verifies a bundle with one byte changed, unless it says the same', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 0, max: 255 }), (place, byte) => {
        const bytes = Buffer.from(text);
        const at = place % bytes.length;
        bytes[at] = byte;
        let verified = false;
        refuses(() => {
          verifyBundle(bytes, { digest }, policy);
          verified = true;
        });
        if (!verified) return;
        // base64 has spare bits and JSON has spare ways of writing; the signed bytes are the same.
        const payload = (source: string) => JSON.parse(source).dsseEnvelope.payload as string;
        const decode = (source: string) => Buffer.from(payload(source), 'base64').toString('hex');
        expect(decode(bytes.toString())).toBe(decode(text));
      }),
      runs,
    );
  });

  it('ends a statement in an error that can be read', () => {
    fc.assert(
      fc.property(json, (value) => {
        const payload = Buffer.from(JSON.stringify(value) ?? '');
        const expected = { subject: digest, predicateType: SIGN_PREDICATE };
        refuses(() => checkStatement({ payloadType: PAYLOAD_TYPE, payload }, expected, 'fuzz'));
      }),
      runs,
    );
  });

  it('ends entries, tools, catalogs and keys in errors that can be read', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), json, (bytes, value) => {
        for (const input of [bytes, Buffer.from(JSON.stringify(value) ?? '')]) {
          for (const parse of [parseEntry, parseTools, parseCatalog]) {
            refuses(() => parse(input, 'fuzz'));
          }
        }
        refuses(() => parsePublicKey(Buffer.from(bytes), 'fuzz'));
        refuses(() => parseSigningKey(Buffer.from(bytes), 'fuzz'));
      }),
      { ...runs, numRuns: 500 },
    );
  });
});
