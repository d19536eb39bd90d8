import type { ClientStatus, ServerStatus } from '../relay/gateway.ts';
import type { Totals } from './watch.ts';

/** One running gateway, as `portolan ps --json` prints it. */
export interface GatewayStatus extends GatewayFacts {
  readonly pid: number;
  readonly version: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly clients: readonly ClientStatus[];
  readonly servers: readonly (ServerStatus & Totals)[];
}

/** What a gateway was started with. */
export interface GatewayFacts {
  readonly transport: 'stdio' | 'http';
  /** URL of the HTTP endpoint. */
  readonly endpoint?: string;
  /** The profile of callers without one of their own. */
  readonly profile?: string | undefined;
  readonly catalogs: readonly { readonly source: string; readonly number: number }[];
}
