import { messageOf, PortolanError } from '../../core/errors.ts';
import { counted } from '../../core/text.ts';
import type { Caller } from '../endpoint/guard.ts';
import type { Gateway } from '../relay/gateway.ts';
import type { Client } from '../relay/inbound.ts';
import { followQuietly, type OpenRelay } from './open-relay.ts';

/** Gateways for callers with a profile of their own, one for each profile. */
export interface CallerGateways {
  /** Undefined for a caller without a profile here; rejects when its servers cannot be had now. */
  of(caller: Caller): Gateway | undefined | Promise<Gateway | undefined>;
  /** Those that are open. */
  all(): readonly OpenRelay[];
  close(): Promise<void>;
}

/** Longer than a question to a client may stay open (10 minutes), which has no connection meanwhile. */
const IDLE_MS = 900_000;
/** What failed is tried again after this time, not at each request. */
const RETRY_MS = 5_000;

interface Home {
  relay?: OpenRelay;
  gateway?: Gateway;
  opening: Promise<Gateway | undefined>;
  end(): Promise<void>;
}

/**
 * Opens the relay of a profile when the first of its callers comes, shares it among them, and ends
 * it when nobody has used it for a while.
 */
export function callerGateways(options: {
  /** Serves whoever has no profile of its own, and those whose profile it happens to serve. */
  readonly main: (profile: string | undefined) => Gateway | undefined;
  /** Makes the relay of a profile. */
  readonly open: (profile: string) => Promise<OpenRelay>;
  readonly idleMs?: number;
  readonly log: (line: string) => void;
}): CallerGateways {
  const { main, log, idleMs = IDLE_MS } = options;
  const homes = new Map<string, Home>();
  /** A profile that ends must be gone before it is opened again: its secrets may be other ones. */
  const ending = new Map<string, Promise<void>>();
  let closed = false;

  const begin = (profile: string): Home => {
    const clients = new Set<Client>();
    let timer: NodeJS.Timeout | undefined;
    let stopFollowing = Promise.resolve(async () => {});
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        if (clients.size > 0) return;
        log(`profile ${profile}: not used for ${Math.round(idleMs / 60_000)} minutes, ended`);
        void forget();
      }, idleMs);
      timer.unref();
    };
    const forget = () => {
      if (homes.get(profile) === home) homes.delete(profile);
      const gone = home.end().finally(() => {
        if (ending.get(profile) === gone) ending.delete(profile);
      });
      ending.set(profile, gone);
      return gone;
    };
    const open = async () => {
      await ending.get(profile);
      const relay = await options.open(profile);
      if (closed) {
        await relay.gateway.close();
        return undefined;
      }
      home.relay = relay;
      stopFollowing = followQuietly(relay, (line) => log(`profile ${profile}: ${line}`));
      home.gateway = {
        ...relay.gateway,
        connect(client) {
          const made = relay.gateway.connect(client);
          clients.add(made);
          clearTimeout(timer);
          return made;
        },
        disconnect(client, release) {
          if (clients.delete(client) && clients.size === 0) wait();
          return relay.gateway.disconnect(client, release);
        },
      };
      wait();
      log(`profile ${profile}: ready with ${counted(relay.count, 'server')}`);
      return home.gateway;
    };
    const home: Home = {
      opening: Promise.resolve(undefined),
      async end() {
        clearTimeout(timer);
        await (await stopFollowing)();
        await home.relay?.gateway.close();
      },
    };
    homes.set(profile, home);
    home.opening = open().catch((error: unknown) => {
      setTimeout(() => {
        if (homes.get(profile) === home) homes.delete(profile);
      }, RETRY_MS).unref();
      if (!isNoProfile(error)) throw error;
      log(`profile ${profile}: ${messageOf(error)}`);
      return undefined;
    });
    home.opening.catch(() => {});
    return home;
  };

  return {
    of({ profile }) {
      if (profile === null) return undefined;
      const shared = main(profile);
      if (shared || profile === undefined) return shared;
      const home = homes.get(profile) ?? begin(profile);
      return home.gateway ?? home.opening;
    },
    all: () => [...homes.values()].flatMap(({ relay }) => relay ?? []),
    async close() {
      closed = true;
      await Promise.all([...[...homes.values()].map((home) => home.end()), ...ending.values()]);
    },
  };
}

function isNoProfile(error: unknown): boolean {
  return error instanceof PortolanError && ['PROFILE_UNKNOWN', 'PROFILE_NAME'].includes(error.code);
}
