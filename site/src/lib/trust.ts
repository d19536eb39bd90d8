import type { SiteData } from '../../../scripts/site/model.ts';
import type { Signature } from '../../../scripts/site/signature.ts';
import { messages } from '../messages.ts';
import { quote } from './clients.ts';

const m = messages.server;

/** Who signed, in words. */
export function signerText({ signers = [] }: SiteData, signature: Signature): string {
  if (signature.kind === 'none') return m.signedNone;
  if (signature.kind === 'development') return m.signedDevelopment;
  if (signature.kind === 'key') return `${m.signedKey} ${signature.fingerprint ?? ''}`;
  if (signature.identity) return signature.identity;
  const signer = signers.find((item) => 'identity' in item);
  return signer && 'identity' in signer ? signer.identity : m.signedKey;
}

/** A command of cosign that checks the artifact's signature without any of our code. */
export function verifyCommand(site: SiteData, name: string, version: string): string {
  // Only the clone that signed it has the key, and the layout.
  if (site.signature.kind === 'development') return 'npm run verify';
  const reference = `${site.repository.replace('oci://', '')}:${name}_${version}`;
  const signer = (site.signers ?? []).find((item) => 'identity' in item);
  if (site.signature.kind === 'key' || !signer) {
    return `cosign verify --key portolan.pub --insecure-ignore-tlog=true \\\n  ${reference}`;
  }
  return 'identity' in signer
    ? `cosign verify \\\n  --certificate-identity ${quote(signer.identity)} \\\n  --certificate-oidc-issuer ${quote(signer.issuer)} \\\n  ${reference}`
    : '';
}
