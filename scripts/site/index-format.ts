/**
 * The catalog index: columns instead of objects, because equal things side by side compress well
 * and a browser reads one text quicker than ten thousand objects. Shared by the build and the
 * browser, so it imports nothing.
 */
export interface CatalogIndex {
  /** Texts of all servers, one a line: names, titles, descriptions (cut), tags (spaced). */
  readonly names: string;
  readonly titles: string;
  readonly descriptions: string;
  readonly tags: string;
  /** Publishers, one a line, and for each server its line. */
  readonly publishers: string;
  readonly publisher: readonly number[];
  /** Ids of categories; for each server the letters of its categories, `A` being the first. */
  readonly categoryIds: readonly string[];
  readonly categories: string;
  /** See `packFlags`. */
  readonly flags: readonly number[];
  readonly tools: readonly number[];
  /** Who signed: the values of the facet, and for each server its place among them. */
  readonly signers: readonly string[];
  readonly signer: readonly number[];
  /** Downloads of a week; absent where the catalog knows none, and 0 for servers without. */
  readonly downloads?: readonly number[];
  /** Days since 1970 of the first and of the newest publication, as differences to `day`. */
  readonly day: number;
  readonly added: readonly number[];
  readonly updated: readonly number[];
}

export const KINDS = ['container', 'npm', 'remote'] as const;
export const NETWORKS = ['none', 'hosts', 'any', 'remote'] as const;
export const SIGN_INS = ['none', 'secret', 'oauth'] as const;
export const STATUSES = ['active', 'deprecated', 'withdrawn'] as const;

export interface Flags {
  readonly kind: (typeof KINDS)[number];
  readonly network: (typeof NETWORKS)[number];
  readonly signIn: (typeof SIGN_INS)[number];
  readonly status: (typeof STATUSES)[number];
  readonly verified: boolean;
  readonly icon: boolean;
  readonly dynamicTools: boolean;
}

/** Two bits for each choice, one for each yes or no. */
export const packFlags = (flags: Flags): number =>
  KINDS.indexOf(flags.kind) |
  (NETWORKS.indexOf(flags.network) << 2) |
  (SIGN_INS.indexOf(flags.signIn) << 4) |
  (STATUSES.indexOf(flags.status) << 6) |
  (Number(flags.verified) << 8) |
  (Number(flags.icon) << 9) |
  (Number(flags.dynamicTools) << 10);

export const unpackFlags = (bits: number) => ({
  kind: KINDS[bits & 3] ?? KINDS[0],
  network: NETWORKS[(bits >> 2) & 3] ?? NETWORKS[0],
  signIn: SIGN_INS[(bits >> 4) & 3] ?? SIGN_INS[0],
  status: STATUSES[(bits >> 6) & 3] ?? STATUSES[0],
  verified: Boolean(bits & 256),
  icon: Boolean(bits & 512),
  dynamicTools: Boolean(bits & 1024),
});
