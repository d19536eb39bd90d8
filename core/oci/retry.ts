import { messageOf, PortolanError } from '../errors.ts';

export interface RetryOptions {
  /** How often something is tried in all; 5 unless told otherwise. */
  readonly attempts?: number;
  readonly signal?: AbortSignal | undefined;
  /** Waits that many milliseconds; for tests. */
  readonly sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** From 0 to 1; for tests. */
  readonly random?: () => number;
  /** Milliseconds since 1970; for tests. */
  readonly now?: () => number;
}

/** Thrown inside `retrying` for a failure that may pass; `final` is what the caller sees at last. */
export class Passing extends Error {
  readonly final: PortolanError;
  /** What the server asked to wait, in milliseconds. */
  readonly waitMs: number | undefined;

  constructor(final: PortolanError, waitMs?: number) {
    super(final.message, { cause: final });
    this.final = final;
    this.waitMs = waitMs;
  }
}

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 8_000;
/** A server that asks for more than this gets no second try: the user should know instead. */
const LONGEST_ASKED_MS = 60_000;

/** Runs `work` until it succeeds, fails for good, or has had its tries; waits grow and are spread. */
export async function retrying<T>(work: () => Promise<T>, options: RetryOptions = {}): Promise<T> {
  const { attempts = 5, signal, sleep = wait, random = Math.random } = options;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Passing)) throw error;
      const asked = error.waitMs ?? 0;
      if (attempt >= attempts || asked > LONGEST_ASKED_MS || signal?.aborted) throw error.final;
      const grown = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempt - 1));
      // Spread, so that clients that failed together do not come back together.
      await sleep(asked + grown * (0.5 + random() / 2), signal);
    }
  }
}

/** Reads Retry-After (RFC 9110, 10.2.3): seconds or a date; undefined when it says nothing. */
export function parseRetryAfter(header: string | null, now: number): number | undefined {
  if (header === null || header.length > 64) return undefined;
  if (/^ *[0-9]{1,9} *$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** True for answers that a later try may better. */
export function isPassingStatus(status: number): boolean {
  return status === 408 || status === 429 || (status >= 500 && status !== 501);
}

const FINAL_ERRORS =
  /^(?:ENOTFOUND|ERR_INVALID_URL|ERR_INVALID_CHAR|ERR_HTTP_INVALID_HEADER_VALUE|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_.*|CERT_.*|ERR_TLS_CERT_ALTNAME_INVALID|EPROTO|ERR_SSL_.*)$/;

/** What a failed connection means: worth another try, or not (no such host, a false certificate). */
export function networkFailure(error: unknown, where: string, signal?: AbortSignal): Error {
  if (signal?.aborted) return cancelled(where, signal);
  if (error instanceof PortolanError || error instanceof Passing) return error;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = String((cause as NodeJS.ErrnoException | undefined)?.code ?? '');
  const certificate = /CERT|^UNABLE_TO_/.test(code);
  const final = new PortolanError(
    'unreachable',
    certificate ? 'CERTIFICATE_REFUSED' : 'REGISTRY_UNREACHABLE',
    `${where}: ${messageOf(cause) || code || 'the connection failed'}; ${
      certificate
        ? "the registry's certificate is not trusted: give its authority's PEM file, or correct the host"
        : 'check the host, the network and the proxy settings'
    }`,
    { cause: error },
  );
  return FINAL_ERRORS.test(code) ? final : new Passing(final);
}

/** The error of work that its caller stopped. */
export function cancelled(where: string, signal: AbortSignal): PortolanError {
  return new PortolanError('failed', 'CANCELLED', `${where}: cancelled`, { cause: signal.reason });
}

function wait(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
    function done() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    }
  });
}
