import { bundleToJSON } from '@sigstore/bundle';
import { DSSEBundleBuilder } from '@sigstore/sign';
import { canonicalBytes } from '../entry/canonical.ts';
import type { SigningKey } from './keys.ts';
import { PAYLOAD_TYPE, type Statement, statementBytes } from './statement.ts';

/** Makes a Sigstore bundle over a statement: with a local key here, or keyless. */
export type StatementSigner = (statement: Statement) => Promise<Uint8Array>;

/**
 * Signs with a local key: no transparency log, no timestamp. The bundle is canonical JSON, so an
 * Ed25519 key gives the same bytes each time.
 */
export function keySigner(key: SigningKey): StatementSigner {
  const builder = new DSSEBundleBuilder({
    signer: {
      sign: async (data) => ({
        signature: key.sign(data),
        key: { $case: 'publicKey', publicKey: key.publicPem, hint: key.hint },
      }),
    },
    witnesses: [],
  });
  return async (statement) => {
    const bundle = await builder.create({
      data: Buffer.from(statementBytes(statement)),
      type: PAYLOAD_TYPE,
    });
    // cosign 3 rejects an envelope whose keyid is the hint; verificationMaterial names the key.
    for (const signature of bundle.content.dsseEnvelope.signatures) signature.keyid = '';
    return canonicalBytes(bundleToJSON(bundle));
  };
}
