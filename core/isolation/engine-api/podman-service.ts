import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { signalGroup } from '../child.ts';
import type { Engine } from '../detect.ts';
import { clientEnvironment } from '../engine-call.ts';
import { identityOf } from '../process-identity.ts';
import { makeRunFolder } from '../run-folder.ts';
import { callApi } from './request.ts';

/** Seconds without a connection after which a service ends itself; also when we were killed. */
const IDLE = 5;
const START_MS = 15_000;

const services = new Map<string, Promise<string | undefined>>();

/**
 * The socket of a podman service of our own, started when none runs: one process for all
 * containers, where clients would be one for each. It ends by itself soon after the last container,
 * and with this process. Undefined where it does not start.
 */
export function podmanService(
  engine: Engine,
  runDir: string,
  env: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  const own = clientEnvironment(engine, env);
  const key = JSON.stringify([engine.program, runDir, own]);
  // One after the other: callers at the same time share a service.
  const service = (services.get(key) ?? Promise.resolve(undefined))
    // The question also keeps it from ending just now.
    .then(async (socket) => (socket && (await answers(socket)) ? socket : undefined))
    .then((socket) => socket ?? startService(engine.program, runDir, own))
    .catch(() => undefined);
  services.set(key, service);
  return service;
}

async function startService(
  program: string,
  runDir: string,
  env: Record<string, string>,
): Promise<string | undefined> {
  const folder = makeRunFolder('podman-service', runDir);
  const socket = join(folder.path, 'podman.sock');
  const child = spawn(program, ['system', 'service', `--time=${IDLE}`, `unix://${socket}`], {
    env,
    // Monitors of containers drop files where the engine runs.
    cwd: folder.path,
    stdio: 'ignore',
    detached: true,
  });
  let ended = false;
  const stop = () => {
    if (child.pid) signalGroup(child.pid, 'SIGKILL');
    folder.remove();
  };
  const end = () => {
    ended = true;
    process.off('exit', stop);
    folder.remove();
  };
  child.once('error', end).once('exit', end);
  process.once('exit', stop);
  // It lives as long as its connections, not the other way round.
  child.unref();
  if (child.pid) folder.record({ child: identityOf(child.pid) });
  const late = Date.now() + START_MS;
  while (!ended && Date.now() < late) {
    if (await answers(socket)) return socket;
    await setTimeout(10);
  }
  if (!ended) stop();
  return undefined;
}

async function answers(socket: string): Promise<boolean> {
  const answer = await callApi(socket, 'GET', '/_ping').catch(() => undefined);
  return answer?.status === 200;
}
