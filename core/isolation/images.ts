import { PortolanError } from '../errors.ts';
import type { Engine } from './detect.ts';
import { callEngine } from './engine-call.ts';

/**
 * Image that runs npm trees in a container: the official Node.js image, by digest. Any image with a
 * `node` of version 22.12 or newer on its PATH can take its place.
 */
export const NODE_IMAGE =
  'docker.io/library/node@sha256:6f7b03f7c2c8e2e784dcf9295400527b9b1270fd37b7e9a7285cf83b6951452d';

const pulls = new Map<string, Promise<void>>();

/** A reference by digest alone: not every engine takes a tag beside it, and the digest decides. */
export function pinnedReference(server: string, image: string): string {
  const match = /^(.+?)(?::[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?@(sha256:[0-9a-f]{64})$/.exec(image);
  if (match?.[1]) return `${match[1]}@${match[2]}`;
  throw new PortolanError(
    'forbidden',
    'IMAGE_NOT_PINNED',
    `${server}: image ${image} is not named by its digest; write NAME@sha256:...`,
  );
}

/**
 * Sees to it that the engine has an image, pulling it by digest when it has not; the engine checks
 * the bytes against the digest. Calls at the same time share one pull.
 * Throws `unreachable` / `IMAGE_PULL_FAILED`.
 */
export async function ensureImage(
  engine: Engine,
  server: string,
  reference: string,
  env: NodeJS.ProcessEnv,
  onProgress?: (text: string) => void,
): Promise<void> {
  const key = `${engine.program} ${reference}`;
  const running = pulls.get(key);
  if (running) return running;
  const pull = pullOnce(engine, server, reference, env, onProgress).finally(() =>
    pulls.delete(key),
  );
  pulls.set(key, pull);
  return pull;
}

async function pullOnce(
  engine: Engine,
  server: string,
  reference: string,
  env: NodeJS.ProcessEnv,
  onProgress?: (text: string) => void,
): Promise<void> {
  const present = await callEngine(engine, ['image', 'inspect', reference], env);
  if (present.code === 0) return;
  onProgress?.(`${server}: pulling ${reference}`);
  const { code, stderr } = await callEngine(engine, ['pull', reference], env, {
    onLine: (line) => onProgress?.(`${server}: ${line}`),
  });
  if (code === 0) return;
  throw new PortolanError(
    'unreachable',
    'IMAGE_PULL_FAILED',
    `${server}: ${engine.traits.name} could not pull ${reference}: ${stderr.split('\n').slice(-2).join(' ')}; check the network and \`${engine.traits.name} login\`, then try again`,
  );
}
