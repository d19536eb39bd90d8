import type { CatalogServer } from '../../../core/entry/types.generated.ts';

/** What the console's server and its page say to each other; the page imports types only. */

/** Why something was not done. `kind` and `code` are those of docs/errors.md. */
export interface Failure {
  readonly kind: string;
  readonly code: string;
  readonly message: string;
}

/** What changed, so that every open page can ask anew. */
export type Area = 'catalogs' | 'profiles' | 'secrets' | 'clients' | 'gateways';

export type LiveEvent =
  | { readonly topic: 'changed'; readonly areas: readonly Area[] }
  | { readonly topic: 'audit'; readonly line: AuditLine }
  | { readonly topic: 'log'; readonly line: LogText }
  | { readonly topic: 'sign-in'; readonly server: string; readonly failure?: Failure };

/** A line of the audit log, as far as the page shows it. */
export interface AuditLine {
  /** Unique in the log. */
  readonly id: string;
  /** RFC 3339, UTC; of a call, its end. */
  readonly time: string;
  readonly event: string;
  readonly server: string;
  readonly name?: string;
  readonly method?: string;
  readonly principal?: string;
  readonly verdict?: string;
  readonly durationMs?: number;
  readonly detail?: string;
  readonly digest?: string;
  /** The arguments' shape, without what they say. */
  readonly arguments?: unknown;
  readonly pid?: number;
  readonly traceId?: string;
}

/** A line of a server or a gateway. */
export interface LogText {
  readonly time: string;
  readonly server: string;
  readonly pid: number;
  readonly text: string;
}

/** A line of the catalog, with the source that it comes from. */
export interface ListedServer extends CatalogServer {
  readonly source: string;
}
