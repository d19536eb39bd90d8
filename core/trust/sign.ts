import { canonicalBytes } from '../entry/canonical.ts';
import { BUNDLE_TYPE } from './bundle-type.ts';
import type { SigningKey } from './keys.ts';
import { PAYLOAD_TYPE, type Statement, statementBytes } from './statement.ts';

/** Makes a Sigstore bundle over a statement: with a local key here, or keyless. */
export type StatementSigner = (statement: Statement) => Promise<Uint8Array>;

/**
 * Signs with a local key: no transparency log, no timestamp. The bundle is canonical JSON, so an
 * Ed25519 key gives the same bytes each time. Made here and not by the library, whose network code
 * would come along into the runner.
 */
export function keySigner(key: SigningKey): StatementSigner {
  return async (statement) => {
    const payload = Buffer.from(statementBytes(statement));
    return canonicalBytes({
      mediaType: BUNDLE_TYPE,
      verificationMaterial: { publicKey: { hint: key.hint }, timestampVerificationData: {} },
      dsseEnvelope: {
        payload: payload.toString('base64'),
        payloadType: PAYLOAD_TYPE,
        // Without keyid: cosign 3 rejects one that is the hint, and verificationMaterial names the key.
        signatures: [{ sig: key.sign(preAuthenticated(payload)).toString('base64') }],
      },
    });
  };
}

/** What DSSE signs: type and payload with their lengths, so that neither passes for the other. */
function preAuthenticated(payload: Buffer): Buffer {
  const head = `DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}
