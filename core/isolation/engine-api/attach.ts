import { messageOf, PortolanError } from '../../errors.ts';
import type { Running } from '../child.ts';
import type { Engine } from '../detect.ts';
import { callEngine } from '../engine-call.ts';
import { exitCode, running, type Streams } from './attached.ts';
import { demultiplex } from './demultiplex.ts';
import { type OwnPipes, openPipes } from './own-pipes.ts';
import { podmanService } from './podman-service.ts';
import { type ApiAnswer, callApi, hijack, refusalOf } from './request.ts';

/** A container to run and to speak with. */
export interface AttachPlan {
  readonly engine: Engine;
  /** Name of the server, for errors. */
  readonly server: string;
  /** The engine's arguments that would run it in the foreground: `run`, flags, image, program. */
  readonly run: readonly string[];
  /** Those arguments pass on the streams of the client: the container gets pipes of ours. */
  readonly pipes: boolean;
  readonly env: NodeJS.ProcessEnv;
  /** Values of variables whose names are among the flags. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Folder of run records, where a service of our own gets its socket. */
  readonly runDir: string;
  /** The launch's own folder. */
  readonly folder: string;
}

/**
 * Runs a container as `run --interactive` does, but without a client process that stays beside it.
 * It is spoken with over pipes of ours where the engine passes them on, else over the engine's
 * socket. The client still creates it, with the very flags of `run`: what a container may do is said
 * in one place only.
 *
 * Undefined where the engine's socket does not answer or belongs to another engine; nothing is left
 * then. Rejects with `failed` / `START_FAILED` when the engine refuses the container.
 */
export async function runAttached(plan: AttachPlan): Promise<Running | undefined> {
  const { engine, env, secrets, run } = plan;
  const [created, pipes] = await Promise.all([
    callEngine(engine, ['create', ...run.slice(1)], env, { secrets }),
    plan.pipes ? openPipes(plan.folder) : undefined,
    // Its service starts meanwhile.
    openApi(plan),
  ]);
  if (created.code !== 0) {
    pipes?.close();
    throw refused(plan, 'create', lastWords(created.stderr));
  }
  // podman does not tell the id where it passes streams on; the name is as unique.
  const id = /[0-9a-f]{64}(?=\s*$)/.exec(created.stdout)?.[0] ?? nameIn(run);
  const remove = () => callEngine(engine, [...engine.traits.remove, id], env);
  try {
    const attached = pipes || !plan.pipes ? await start(plan, id, pipes) : undefined;
    if (attached) return attached;
  } catch (error) {
    await remove();
    throw error;
  }
  pipes?.close();
  await remove();
  return undefined;
}

async function openApi({ engine, runDir, env }: AttachPlan): Promise<string | undefined> {
  if (engine.api === 'own service') return podmanService(engine, runDir, env);
  return engine.api?.socket;
}

async function start(
  plan: AttachPlan,
  id: string,
  pipes: OwnPipes | undefined,
): Promise<Running | undefined> {
  const path = `/containers/${id}`;
  const passed = pipes && (await passOn(plan, id, pipes));
  // Only now: until here nothing kept a service of ours from ending, and a slow machine takes long.
  const api = await openApi(plan);
  const streams = passed ?? (api && (await attach(plan, api, path)));
  if (!api || !streams) {
    passed?.hangUp();
    return undefined;
  }
  const waiting = new AbortController();
  const wait = (socket: string) =>
    callApi(socket, 'POST', `${path}/wait?condition=next-exit`, waiting.signal);
  // Asked before the start: a server may end at once.
  const code = exitCode(wait(api), async () => {
    const again = pipes && !waiting.signal.aborted && (await openApi(plan));
    return again ? wait(again) : undefined;
  });
  const started = await callApi(api, 'POST', `${path}/start`).catch(
    (error: unknown): ApiAnswer => ({
      status: 0,
      body: JSON.stringify({ message: messageOf(error) }),
    }),
  );
  if (started.status !== 204 && started.status !== 304) {
    waiting.abort();
    streams.hangUp();
    // Nobody there, or nobody who knows the container; over the socket that is seen before.
    if (pipes && (started.status === 0 || started.status === 404)) return undefined;
    throw refused(plan, 'start', refusalOf(started));
  }
  return running(streams, code, waiting, () => removal(api, path));
}

/**
 * Makes the container ready, with our pipes as its streams. The client does that, since streams
 * cannot be sent over the engine's socket; from then on the server is at the other end of them, and
 * neither engine nor monitor is on the way of a message.
 */
async function passOn(plan: AttachPlan, id: string, pipes: OwnPipes): Promise<Streams> {
  const { engine, env } = plan;
  const { code } = await callEngine(engine, ['init', id], env, { files: pipes.theirs });
  pipes.handOver();
  // The server does not run yet: all this is the client's, its name for the container first.
  const { stderr } = pipes.said();
  if (code !== 0) {
    pipes.close();
    throw refused(plan, 'start', lastWords(stderr.trim()));
  }
  const streams = pipes.streams();
  const hangUp = () => {
    for (const stream of Object.values(streams)) stream.destroy();
  };
  return { ...streams, hangUp };
}

/** Undefined where nobody knows the container at that socket. */
async function attach(plan: AttachPlan, api: string, path: string): Promise<Streams | undefined> {
  const stream = await hijack(api, `${path}/attach?stream=1&stdin=1&stdout=1&stderr=1`).catch(
    () => undefined,
  );
  if (!stream || ('status' in stream && stream.status === 404)) return undefined;
  // podman makes the container ready here already, and finds out what it lacks.
  if (!('socket' in stream)) throw refused(plan, 'start', refusalOf(stream));
  const { socket, head } = stream;
  return { stdin: socket, ...demultiplex(socket, head), hangUp: () => socket.destroy() };
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

/** Whether a container that has ended is gone: `--rm` removes it, but only in a while. */
async function removal(api: string, path: string): Promise<boolean> {
  const answer = await callApi(api, 'DELETE', `${path}?force=1&v=1`).catch(() => undefined);
  return answer?.status === 204 || answer?.status === 404;
}
