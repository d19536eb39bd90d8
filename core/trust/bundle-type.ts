/** Media type of a Sigstore bundle, and of the artifact that carries one. */
export const BUNDLE_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
