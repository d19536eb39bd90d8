import { bundleToJSON } from '@sigstore/bundle';
import {
  CIContextProvider,
  DSSEBundleBuilder,
  FulcioSigner,
  type IdentityProvider,
  RekorWitness,
  TSAWitness,
} from '@sigstore/sign';
import { canonicalBytes } from '../entry/canonical.ts';
import { messageOf, PortolanError } from '../errors.ts';
import type { StatementSigner } from './sign.ts';
import { PAYLOAD_TYPE, statementBytes } from './statement.ts';

/** The identity of a job of CI: GitHub Actions, or any that sets SIGSTORE_ID_TOKEN. */
export { CIContextProvider };

/** The Sigstore services that take part in a keyless signature; the public ones by default. */
export interface SigstoreServices {
  readonly fulcioUrl?: string;
  readonly rekorUrl?: string;
  readonly tsaUrl?: string;
}

/**
 * Signs with a short-lived certificate for the identity that the token proves (a workflow, as a
 * rule), logged in Rekor and timestamped. One call makes one certificate and one log entry, so many
 * digests share a statement (at most 1,024).
 *
 * Throws `unreachable` / `SIGSTORE_FAILED`.
 */
export function keylessSigner(
  identityProvider: IdentityProvider,
  { fulcioUrl, rekorUrl, tsaUrl = 'https://timestamp.sigstore.dev' }: SigstoreServices = {},
): StatementSigner {
  const builder = new DSSEBundleBuilder({
    signer: new FulcioSigner({
      identityProvider,
      ...(fulcioUrl ? { fulcioBaseURL: fulcioUrl } : {}),
    }),
    witnesses: [
      new RekorWitness({ entryType: 'dsse', ...(rekorUrl ? { rekorBaseURL: rekorUrl } : {}) }),
      new TSAWitness({ tsaBaseURL: tsaUrl }),
    ],
  });
  return async (statement) => {
    try {
      const data = Buffer.from(statementBytes(statement));
      return canonicalBytes(bundleToJSON(await builder.create({ data, type: PAYLOAD_TYPE })));
    } catch (error) {
      throw new PortolanError(
        'unreachable',
        'SIGSTORE_FAILED',
        `keyless signing failed: ${messageOf(error)}; the job needs an identity (on GitHub the permission id-token: write, elsewhere SIGSTORE_ID_TOKEN), and Sigstore's services must answer`,
        { cause: error },
      );
    }
  };
}
