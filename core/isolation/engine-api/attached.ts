import { setTimeout } from 'node:timers/promises';
import type { Ended, Running } from '../child.ts';
import type { ApiAnswer } from './request.ts';

/** How long the engine may take to tell the exit code of a container whose output has ended, in ms. */
const CODE_MS = 3_000;
/** How often an engine that is lost is asked once more for the end of a container. */
const QUESTIONS = 5;

/** Streams of a container, and how to let go of them. */
export interface Streams extends Pick<Running, 'stdin' | 'stdout' | 'stderr'> {
  hangUp(): void;
}

/**
 * An attached container in the shape of a child process. `code` is its exit code, undefined when
 * nobody knows it; `remove` tells whether it is gone.
 */
export function running(
  { stdin, stdout, stderr, hangUp }: Streams,
  code: Promise<number | undefined>,
  waiting: AbortController,
  remove: () => Promise<boolean>,
): Running {
  const over = (stream: typeof stdout) => new Promise((resolve) => stream.once('close', resolve));
  const closed = Promise.all([over(stdout), over(stderr)]).then(async (): Promise<Ended> => {
    const late = new AbortController();
    const timeout = setTimeout(CODE_MS, undefined, { signal: late.signal }).catch(() => undefined);
    const known = await Promise.race([code, timeout]);
    late.abort();
    waiting.abort();
    hangUp();
    if (known === undefined) {
      return { how: 'has lost its container engine, or that lost the container', gone: false };
    }
    return {
      ...(known === 0 ? {} : { how: `ended with exit code ${known}` }),
      gone: await remove(),
    };
  });
  let leave = () => {};
  const left = new Promise<void>((resolve) => {
    leave = resolve;
    void Promise.race([code, closed]).then(() => resolve());
  });
  const kill = () => {
    hangUp();
    leave();
  };
  return { stdin, stdout, stderr, pid: 0, left, closed, kill };
}

/**
 * The exit code that an engine answers with. Where the answer gets lost together with the engine,
 * `ask` asks anew: it was the engine that died, not the container.
 */
export async function exitCode(
  first: Promise<ApiAnswer>,
  ask: () => Promise<ApiAnswer | undefined>,
): Promise<number | undefined> {
  let answer = await first.catch(() => undefined);
  for (let asked = 0; !answer && asked < QUESTIONS; asked += 1) {
    answer = await ask().catch(() => undefined);
  }
  try {
    const { StatusCode } = JSON.parse(answer?.body ?? '') as { StatusCode?: unknown };
    return typeof StatusCode === 'number' ? StatusCode : undefined;
  } catch {
    return undefined;
  }
}
