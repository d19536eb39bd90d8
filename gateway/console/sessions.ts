import { createHash, randomBytes } from 'node:crypto';

/** What a browser has after it used the link. */
export interface Session {
  /** In a cookie that scripts cannot read. */
  readonly cookie: string;
  /**
   * In the page's own storage. Cookies of 127.0.0.1 go to every port of it; the storage belongs to
   * this port alone, so another program that listens here learns only half of what it would need.
   */
  readonly key: string;
}

export interface Sessions {
  /** Makes a code for a link. A code that was made before and not used is void. */
  code(): string;
  /** Takes a code, once. Undefined for a wrong, used or expired one. */
  open(code: string): Session | undefined;
  /** Whether both parts belong to one session that has not expired. */
  has(cookie: string | undefined, key: string | undefined): boolean;
}

export interface SessionTimes {
  /** Milliseconds that a link works. */
  readonly code: number;
  /** Milliseconds without a request after which a session ends. */
  readonly idle: number;
}

export const TIMES: SessionTimes = { code: 5 * 60_000, idle: 12 * 3_600_000 };
const MOST_SESSIONS = 16;

/** Keeps who may use the console, in memory only: a restart ends every session. */
export function createSessions(times: SessionTimes = TIMES, clock = Date.now): Sessions {
  let waiting: { readonly hash: string; readonly until: number } | undefined;
  const sessions = new Map<string, { readonly key: string; until: number }>();

  return {
    code() {
      const code = randomText();
      waiting = { hash: hashOf(code), until: clock() + times.code };
      return code;
    },
    open(code) {
      const taken = waiting;
      if (!taken || hashOf(code) !== taken.hash) return undefined;
      waiting = undefined;
      if (clock() > taken.until) return undefined;
      const session = { cookie: randomText(), key: randomText() };
      // The oldest makes room; a person has a few browsers, not more.
      const [oldest] = sessions.size >= MOST_SESSIONS ? sessions.keys() : [];
      if (oldest !== undefined) sessions.delete(oldest);
      sessions.set(hashOf(session.cookie), {
        key: hashOf(session.key),
        until: clock() + times.idle,
      });
      return session;
    },
    has(cookie, key) {
      if (cookie === undefined || key === undefined) return false;
      // Hashes are compared, so the time that it takes tells nothing about the texts.
      const found = sessions.get(hashOf(cookie));
      if (!found || found.key !== hashOf(key)) return false;
      if (clock() > found.until) {
        sessions.delete(hashOf(cookie));
        return false;
      }
      found.until = clock() + times.idle;
      return true;
    },
  };
}

function randomText(): string {
  return randomBytes(32).toString('base64url');
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
