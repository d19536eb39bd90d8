import { writeBoxFiles } from './box-files.ts';
import { BOX_USER, INSIDE } from './bubblewrap.ts';
import { makeCgroups, NO_CGROUPS, removeCgroups } from './cgroups.ts';
import type { Channel } from './channel.ts';
import { type Choice, chooseDriver } from './choose.ts';
import { composeCommand, imageOf, nodeImage, sidecarName } from './compose.ts';
import { detectIsolation, type Engine } from './detect.ts';
import { hostsOf, openEgress } from './egress/open-egress.ts';
import { ensureImage } from './images.ts';
import type { Prepared } from './prepared.ts';
import { identityOf } from './process-identity.ts';
import { redactor } from './redact.ts';
import { defaultRunDir, makeRunFolder, type RunFolder } from './run-folder.ts';
import { startSlot } from './semaphore.ts';
import { startSidecar } from './sidecar.ts';
import { openStdioChannel } from './stdio-channel.ts';
import type { LaunchOptions, LaunchPlan } from './types.ts';
import { currentPlaces, resolveVolumes } from './volumes.ts';

/**
 * Starts a local server in the strictest box that this machine offers and returns the conversation
 * with it. Nothing is granted but what the plan's entry declares and its settings name.
 *
 * Throws `failed` / `ISOLATION_MISSING` or `START_FAILED`, and what volumes, image and network say.
 */
export async function launch(plan: LaunchPlan, options: LaunchOptions = {}): Promise<Channel> {
  if (options.isolation === 'kubernetes') {
    const { launchPod } = await import('./kubernetes/launch-pod.ts');
    return await launchPod(plan, options);
  }
  const detected = options.detected ?? (await detectIsolation(options));
  const choice = chooseDriver(plan, detected, options.isolation, options.engine);
  // Before the start's turn: a pull may take minutes.
  if (choice.driver === 'container') await ensureImages(plan, choice.engine, options);
  return await startSlot(() => start(plan, choice, options));
}

async function start(plan: LaunchPlan, choice: Choice, options: LaunchOptions): Promise<Channel> {
  options.signal?.throwIfAborted();
  const { entry, resolved } = plan;
  const { onOutput } = options;
  const runDir = runDirOf(options);
  const folder = makeRunFolder(entry.name, runDir);
  // Undone in reverse order, whether the start fails or the server ends.
  const undo: (() => Promise<void> | void)[] = [() => folder.remove()];
  const cleanUp = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const prepared = await prepare(plan, choice, folder, options, undo);
    for (const note of prepared.notes) options.onNotice?.(`${entry.name}: ${note}`);
    const channel = await openStdioChannel(prepared, {
      server: entry.name,
      cwd: folder.path,
      runDir,
      maxMessageBytes: options.maxMessageBytes ?? 64 * 2 ** 20,
      graceMs: options.graceMs ?? 1_500,
      redact: redactor(Object.values(resolved.secretEnv)),
      onOutput: onOutput && ((line) => onOutput(entry.name, line)),
      onSpawn: (pid) => folder.record({ child: identityOf(pid) }),
      onEnd: cleanUp,
    });
    await closeOnAbort(channel, options.signal, undo);
    return channel;
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

const runDirOf = ({ runDir, env }: LaunchOptions): string => runDir ?? defaultRunDir(env);

/** Ends the server when its signal aborts; throws when that has happened meanwhile. */
async function closeOnAbort(
  channel: Channel,
  signal: AbortSignal | undefined,
  undo: (() => Promise<void> | void)[],
): Promise<void> {
  if (!signal) return;
  const onAbort = () => void channel.close();
  signal.addEventListener('abort', onAbort);
  undo.push(() => signal.removeEventListener('abort', onAbort));
  if (!signal.aborted) return;
  await channel.close();
  signal.throwIfAborted();
}

/** Makes ready what the driver needs, each step with its undoing, and composes the command. */
async function prepare(
  plan: LaunchPlan,
  choice: Choice,
  folder: RunFolder,
  options: LaunchOptions,
  undo: (() => Promise<void> | void)[],
): Promise<Prepared> {
  const { entry, resolved } = plan;
  const env = options.env ?? process.env;
  const { id, path } = folder;
  const places = currentPlaces(options.allowedPaths);
  const volumes = resolveVolumes(entry.name, resolved.volumes, places);
  const boxed = choice.driver !== 'none';
  const egress = boxed
    ? await openEgress(resolved.network, path, INSIDE.egress, {
        lowPorts: choice.driver === 'container' || choice.bubblewrap.lowPorts,
        local: choice.driver === 'bubblewrap' || choice.engine.local,
        ...(options.resolveHost ? { resolveHost: options.resolveHost } : {}),
        onDenied: (text) => options.onNotice?.(`${entry.name}: network: ${text}`),
      })
    : undefined;
  if (egress) undo.push(egress.close);
  writeBoxFiles(path, BOX_USER, egress ? hostsOf(egress) : []);
  const cgroups =
    choice.driver === 'bubblewrap' ? makeCgroups(id, resolved.resources, env) : NO_CGROUPS;
  folder.record({ cgroups: cgroups.folders });
  undo.push(() => removeCgroups(cgroups.folders));
  const sidecar = sidecarName(plan, choice, { id, egress });
  if (sidecar && egress && choice.driver === 'container') {
    const { engine } = choice;
    const image = nodeImage(entry.name, options);
    const owner = options.owner ?? 'portolan';
    const server = entry.name;
    const runDir = runDirOf(options);
    const parts = { engine, image, name: sidecar, server, owner, egress, env, runDir };
    undo.push(await startSidecar(parts));
  }
  return composeCommand(plan, choice, { id, folder: path, volumes, egress, cgroups }, options);
}

/** The images that a launch needs: the server's, and one with Node.js for trees and sidecars. */
async function ensureImages(
  plan: LaunchPlan,
  engine: Engine,
  options: LaunchOptions,
): Promise<void> {
  const { entry, resolved } = plan;
  const images = new Set([imageOf(plan, options)]);
  if (resolved.network.length > 0) images.add(nodeImage(entry.name, options));
  const env = options.env ?? process.env;
  for (const image of images) {
    await ensureImage(engine, entry.name, image, env, options.onNotice);
  }
}
