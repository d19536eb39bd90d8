import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { PortolanError } from '../errors.ts';
import { BOX_USER, INSIDE } from './bubblewrap.ts';
import { networkFlags, strictFlags } from './container.ts';
import type { Engine } from './detect.ts';
import type { Egress } from './egress/open-egress.ts';
import { callEngine } from './engine-call.ts';
import { labelArguments } from './labels.ts';

const READY_TIMEOUT = 30_000;

export interface SidecarParts {
  readonly engine: Engine;
  /** The image with Node.js. */
  readonly image: string;
  readonly name: string;
  readonly server: string;
  readonly owner: string;
  readonly egress: Egress;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Starts the small container that gives a server's image its way out: an image need not have
 * Node.js, so the forwarder runs beside it and shares its private loopback, and nothing else. It
 * has no network either; it only reaches the proxy's socket. Returns a function that removes it.
 */
export async function startSidecar(parts: SidecarParts): Promise<() => Promise<void>> {
  const { engine, egress, env, name } = parts;
  writeFileSync(
    join(egress.folder, 'sidecar.mjs'),
    "import './forwarder.mjs';\nsetInterval(() => {}, 2 ** 30);\nprocess.on('SIGTERM', () => process.exit(0));\n",
    { mode: 0o644 },
  );
  const { code, stderr } = await callEngine(
    engine,
    [
      'run',
      '--detach',
      `--name=${name}`,
      ...labelArguments(parts.server, parts.owner),
      ...strictFlags(engine),
      ...(engine.limits.memory ? ['--memory=128m', '--memory-swap=128m'] : []),
      ...(engine.limits.pids ? ['--pids-limit=64'] : []),
      `--user=${BOX_USER}:${BOX_USER}`,
      ...networkFlags(engine, egress, undefined),
      `--mount=type=bind,source=${egress.folder},target=${INSIDE.egress},readonly`,
      '--entrypoint=node',
      parts.image,
      `${INSIDE.egress}/sidecar.mjs`,
    ],
    env,
  );
  const remove = async () => {
    await callEngine(engine, ['rm', '--force', '--volumes', name], env);
  };
  if (code === 0 && (await isReady(egress))) return remove;
  await remove();
  throw new PortolanError(
    'failed',
    'START_FAILED',
    `${parts.server}: ${engine.traits.name} could not start the container for its network: ${code === 0 ? 'it does not reach the proxy' : stderr.split('\n').slice(-2).join(' ')}; see \`portolan doctor\``,
  );
}

/** Whether the forwarder listens; the server must not start before it does. */
async function isReady(egress: Egress): Promise<boolean> {
  const late = new AbortController();
  const ready = egress.ready.then(() => true);
  const timeout = setTimeout(READY_TIMEOUT, false, { signal: late.signal }).catch(() => false);
  return Promise.race([ready, timeout]).finally(() => late.abort());
}
