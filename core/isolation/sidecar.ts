import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { PortolanError } from '../errors.ts';
import { BOX_USER, INSIDE } from './bubblewrap.ts';
import { networkFlags, strictFlags } from './container.ts';
import type { Engine } from './detect.ts';
import { forwarderSource } from './egress/forwarder.ts';
import type { Egress } from './egress/open-egress.ts';
import { acceptOverPipe } from './egress/over-pipe.ts';
import { callEngine, clientEnvironment } from './engine-call.ts';
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
  /** Folder of run records; see run-folder. */
  readonly runDir: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Starts the small container in which a server's forwarder runs when it cannot run beside the
 * server itself. It shares its private loopback with the server, and nothing else. It has no
 * network either: on this machine it reaches the proxy's socket, elsewhere the pipe of the engine's
 * client, which every engine has. Returns a function that removes it.
 */
export async function startSidecar(parts: SidecarParts): Promise<() => Promise<void>> {
  const { engine, env, name } = parts;
  const fault = engine.local ? await startDetached(parts) : await startAttached(parts);
  const remove = async () => {
    await callEngine(engine, [...engine.traits.remove, name], env);
  };
  if (fault === undefined) return remove;
  await remove();
  throw new PortolanError(
    'failed',
    'START_FAILED',
    `${parts.server}: ${engine.traits.name} could not start the container for its network: ${fault}; see \`portolan doctor\``,
  );
}

/** Leaves no client process behind; the forwarder comes with the mounted folder. */
async function startDetached(parts: SidecarParts): Promise<string | undefined> {
  const { engine, egress, env } = parts;
  writeFileSync(
    join(egress.folder, 'sidecar.mjs'),
    "import './forwarder.mjs';\nsetInterval(() => {}, 2 ** 30);\nprocess.on('SIGTERM', () => process.exit(0));\n",
    { mode: 0o644 },
  );
  const mount = `--mount=type=bind,source=${egress.folder},target=${INSIDE.egress},readonly`;
  const run = runArguments(parts, ['--detach', mount], [`${INSIDE.egress}/sidecar.mjs`]);
  const { code, stderr } = await callEngine(engine, run, env);
  return code === 0 ? await readiness(egress) : stderr.split('\n').slice(-2).join(' ');
}

/** The forwarder comes as an argument, and its connections through the client's pipe. */
async function startAttached(parts: SidecarParts): Promise<string | undefined> {
  const { engine, egress, env } = parts;
  const { proxyPort, hosts } = egress;
  const source = forwarderSource({ proxyPort, hosts });
  const run = runArguments(parts, ['--interactive'], ['--input-type=module', '--eval', source]);
  if (engine.api) {
    const { runAttached } = await import('./engine-api/attach.ts');
    const { server, runDir } = parts;
    const attached = await runAttached({
      engine,
      server,
      run,
      env,
      runDir,
      secrets: {},
      pipes: false,
      folder: egress.folder,
    });
    if (attached) {
      const { stdin, stdout, stderr, closed } = attached;
      stderr.resume();
      acceptOverPipe(stdout, stdin, egress);
      const failed = closed.then(({ how }) => `it ${how ?? 'ended'}`);
      return await Promise.race([failed, readiness(egress)]);
    }
  }
  const child = spawn(engine.program, run, {
    env: clientEnvironment(engine, env),
    cwd: egress.folder,
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  const failed = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code) => resolve(`it ended with exit code ${code}`));
  });
  for (const stream of [child.stdin, child.stdout]) stream.on('error', () => {});
  acceptOverPipe(child.stdout, child.stdin, egress);
  return await Promise.race([failed, readiness(egress)]);
}

function runArguments(
  { engine, egress, image, name, owner, server }: SidecarParts,
  flags: readonly string[],
  program: readonly string[],
): string[] {
  return [
    'run',
    `--name=${name}`,
    ...flags,
    ...labelArguments(server, owner),
    ...strictFlags(engine),
    ...(engine.limits.memory ? ['--memory=128m', '--memory-swap=128m'] : []),
    ...(engine.limits.pids ? ['--pids-limit=64'] : []),
    `--user=${BOX_USER}:${BOX_USER}`,
    ...networkFlags(egress, undefined),
    '--entrypoint=node',
    image,
    ...program,
  ];
}

/** Waits until the forwarder listens, since the server must not start before; or says that it does not. */
async function readiness(egress: Egress): Promise<string | undefined> {
  const late = new AbortController();
  const ready = egress.ready.then(() => undefined);
  const timeout = setTimeout(READY_TIMEOUT, 'it does not reach the proxy', { signal: late.signal });
  return Promise.race([ready, timeout.catch(() => undefined)]).finally(() => late.abort());
}
