import type { AuditRecord } from '../audit/audit-event.ts';

/** Something that happened in a gateway, without arguments, results or secrets. */
export type GatewayEvent =
  | ({ readonly time: string } & Omit<AuditRecord, 'params'>)
  /** A line of the gateway's own. */
  | { readonly time: string; readonly event: 'log'; readonly text: string }
  /** A line that a server wrote to stderr. */
  | {
      readonly time: string;
      readonly event: 'output';
      readonly server: string;
      readonly text: string;
    };

/** What is known of the calls of a server since the start. */
export interface Totals {
  readonly total: number;
  readonly errors: number;
  /** ISO 8601. */
  readonly lastCall?: string;
  readonly lastError?: string;
}

/** Where a gateway says what happens in it, whether somebody listens or not. */
export interface Watch {
  record(record: AuditRecord): void;
  log(text: string): void;
  output(server: string, text: string): void;
  totals(server: string, profile?: string): Totals;
  /** Returns the way to stop listening. */
  listen(onEvent: (event: GatewayEvent) => void): () => void;
}

type Clean = (record: AuditRecord) => Omit<AuditRecord, 'params'>;

/**
 * Counts, and passes events on. It lies in the way of every call, so that an event is made only
 * when somebody listens; `clean` takes data and secrets out of it.
 */
export function createWatch(clean: Clean): Watch {
  const totals = new Map<string, { -readonly [Key in keyof Totals]: Totals[Key] }>();
  const listeners = new Set<(event: GatewayEvent) => void>();
  const tell = (event: () => GatewayEvent) => {
    if (listeners.size === 0) return;
    const made = event();
    for (const listener of listeners) listener(made);
  };
  const count = (record: AuditRecord) => {
    const key = keyOf(record.server, record.profile);
    let known = totals.get(key);
    if (!known) {
      known = { total: 0, errors: 0 };
      totals.set(key, known);
    }
    if (record.event === 'call') {
      known.total += 1;
      known.lastCall = now();
      if (record.verdict !== 'ok' && record.verdict !== 'cancelled') known.errors += 1;
    } else if (record.event === 'failed') {
      known.lastError = clean(record).detail ?? 'it failed';
    }
  };
  return {
    record(record) {
      count(record);
      tell(() => ({ time: now(), ...clean(record) }));
    },
    log: (text) => tell(() => ({ time: now(), event: 'log', text })),
    output: (server, text) => tell(() => ({ time: now(), event: 'output', server, text })),
    totals: (server, profile) => totals.get(keyOf(server, profile)) ?? { total: 0, errors: 0 },
    listen(onEvent) {
      listeners.add(onEvent);
      return () => listeners.delete(onEvent);
    },
  };
}

/** The same server may be served for several profiles. */
function keyOf(server: string, profile: string | undefined): string {
  return profile === undefined ? server : `${server} ${profile}`;
}

function now(): string {
  return new Date().toISOString();
}
