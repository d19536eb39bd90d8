import { setTimeout } from 'node:timers/promises';
import { messageOf, PortolanError } from '../../errors.ts';
import type { Ended, Running } from '../child.ts';
import type { Engine } from '../detect.ts';
import { callEngine } from '../engine-call.ts';
import { demultiplex } from './demultiplex.ts';
import { podmanService } from './podman-service.ts';
import { type ApiAnswer, callApi, type Hijacked, hijack, refusalOf } from './request.ts';

/** How long the engine may take to tell the exit code of a container whose output has ended, in ms. */
const CODE_MS = 3_000;

/** A container to run and to speak with. */
export interface AttachPlan {
  readonly engine: Engine;
  /** Name of the server, for errors. */
  readonly server: string;
  /** The engine's arguments that would run it in the foreground: `run`, flags, image, program. */
  readonly run: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Values of variables whose names are among the flags. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Folder of run records, where a service of our own gets its socket. */
  readonly runDir: string;
}

/**
 * Runs a container as `run --interactive` does, but speaks with it over the engine's socket, so that
 * no client process stays beside it. The client still creates it, with the very flags of `run`:
 * what a container may do is said in one place only.
 *
 * Undefined where the engine's socket does not answer or belongs to another engine; nothing is left
 * then. Rejects with `failed` / `START_FAILED` when the engine refuses the container.
 */
export async function runAttached(plan: AttachPlan): Promise<Running | undefined> {
  const { engine, env, secrets, run } = plan;
  const [created, api] = await Promise.all([
    callEngine(engine, ['create', ...run.slice(1)], env, { secrets }),
    openApi(plan),
  ]);
  if (created.code !== 0) throw refused(plan, 'create', lastWords(created.stderr));
  const id = /[0-9a-f]{64}(?=\s*$)/.exec(created.stdout)?.[0];
  const remove = () => callEngine(engine, [...engine.traits.remove, id ?? nameIn(run)], env);
  try {
    const attached = id && api ? await attach(plan, api, id) : undefined;
    if (attached) return attached;
  } catch (error) {
    await remove();
    throw error;
  }
  await remove();
  return undefined;
}

async function openApi({ engine, runDir, env }: AttachPlan): Promise<string | undefined> {
  if (engine.api === 'own service') return podmanService(engine, runDir, env);
  return engine.api?.socket;
}

async function attach(plan: AttachPlan, api: string, id: string): Promise<Running | undefined> {
  const path = `/containers/${id}`;
  const stream = await hijack(api, `${path}/attach?stream=1&stdin=1&stdout=1&stderr=1`).catch(
    () => undefined,
  );
  if (!stream || ('status' in stream && stream.status === 404)) return undefined;
  // podman makes the container ready here already, and finds out what it lacks.
  if (!('socket' in stream)) throw refused(plan, 'start', refusalOf(stream));
  const waiting = new AbortController();
  // Asked before the start: a server may end at once.
  const code = exitCode(callApi(api, 'POST', `${path}/wait?condition=next-exit`, waiting.signal));
  const started = await callApi(api, 'POST', `${path}/start`).catch(
    (error: unknown): ApiAnswer => ({
      status: 0,
      body: JSON.stringify({ message: messageOf(error) }),
    }),
  );
  if (started.status !== 204 && started.status !== 304) {
    waiting.abort();
    stream.socket.destroy();
    throw refused(plan, 'start', refusalOf(started));
  }
  return running(stream, code, waiting, () => removal(api, path));
}

/** The attached container in the shape of a child process. */
function running(
  { socket, head }: Hijacked,
  code: Promise<number | undefined>,
  waiting: AbortController,
  remove: () => Promise<boolean>,
): Running {
  const { stdout, stderr } = demultiplex(socket, head);
  const over = (stream: typeof stdout) => new Promise((resolve) => stream.once('close', resolve));
  const left = new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    void code.then(() => resolve());
  });
  const closed = Promise.all([over(stdout), over(stderr)]).then(async (): Promise<Ended> => {
    const late = new AbortController();
    const timeout = setTimeout(CODE_MS, undefined, { signal: late.signal }).catch(() => undefined);
    const known = await Promise.race([code, timeout]);
    late.abort();
    waiting.abort();
    socket.destroy();
    if (known === undefined) {
      return { how: 'has lost its container engine, or that lost the container', gone: false };
    }
    return {
      ...(known === 0 ? {} : { how: `ended with exit code ${known}` }),
      gone: await remove(),
    };
  });
  return { stdin: socket, stdout, stderr, pid: 0, left, closed, kill: () => socket.destroy() };
}

async function exitCode(answer: Promise<ApiAnswer>): Promise<number | undefined> {
  try {
    const { StatusCode } = JSON.parse((await answer).body) as { StatusCode?: unknown };
    return typeof StatusCode === 'number' ? StatusCode : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a container that has ended is gone: `--rm` removes it, but only in a while. */
async function removal(api: string, path: string): Promise<boolean> {
  const answer = await callApi(api, 'DELETE', `${path}?force=1&v=1`).catch(() => undefined);
  return answer?.status === 204 || answer?.status === 404;
}

function refused({ server, engine }: AttachPlan, verb: string, why: string): PortolanError {
  return new PortolanError(
    'failed',
    'START_FAILED',
    `${server}: ${engine.traits.name} could not ${verb} its container: ${why}; see \`portolan doctor\``,
  );
}

function lastWords(stderr: string): string {
  return stderr.split('\n').slice(-2).join(' ');
}

function nameIn(run: readonly string[]): string {
  return run.find((flag) => flag.startsWith('--name='))?.slice('--name='.length) ?? '';
}
