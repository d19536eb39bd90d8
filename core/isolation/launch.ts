import { prepareBare } from './bare.ts';
import { writeBoxFiles } from './box-files.ts';
import { BOX_USER, INSIDE, prepareBubblewrap } from './bubblewrap.ts';
import { makeCgroups, removeCgroups } from './cgroups.ts';
import type { Channel } from './channel.ts';
import { type Choice, chooseDriver } from './choose.ts';
import { detectIsolation } from './detect.ts';
import { type Egress, hostsOf, openEgress } from './egress/open-egress.ts';
import type { Prepared } from './prepared.ts';
import { identityOf } from './process-identity.ts';
import { redactor } from './redact.ts';
import { defaultRunDir, makeRunFolder, type RunFolder } from './run-folder.ts';
import { startSlot } from './semaphore.ts';
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
  const detected = options.detected ?? (await detectIsolation(options));
  const choice = chooseDriver(plan, detected, options.isolation);
  return await startSlot(() => start(plan, choice, options));
}

async function start(plan: LaunchPlan, choice: Choice, options: LaunchOptions): Promise<Channel> {
  options.signal?.throwIfAborted();
  const { entry, resolved } = plan;
  const folder = makeRunFolder(entry.name, options.runDir ?? defaultRunDir(options.env));
  let prepared: Prepared | undefined;
  let egress: Egress | undefined;
  try {
    egress = await openWayOut(plan, choice, folder, options);
    prepared = prepare(plan, choice, folder, egress, options);
    for (const note of prepared.notes) options.onNotice?.(`${entry.name}: ${note}`);
    const { cgroups } = prepared;
    folder.record({ cgroups });
    const channel = await openStdioChannel(prepared, {
      server: entry.name,
      maxMessageBytes: options.maxMessageBytes ?? 64 * 2 ** 20,
      graceMs: options.graceMs ?? 1_500,
      redact: redactor(Object.values(resolved.secretEnv)),
      onSpawn: (pid) => folder.record({ child: identityOf(pid) }),
      onEnd: () => cleanUp(folder, cgroups, egress),
    });
    options.signal?.addEventListener('abort', () => void channel.close(), { once: true });
    return channel;
  } catch (error) {
    await cleanUp(folder, prepared?.cgroups ?? [], egress);
    throw error;
  }
}

/** Opens the server's way out; without a box there is none to open. */
async function openWayOut(
  { entry, resolved }: LaunchPlan,
  choice: Choice,
  folder: RunFolder,
  options: LaunchOptions,
): Promise<Egress | undefined> {
  if (choice.driver === 'none') return undefined;
  return await openEgress(resolved.network, folder.path, INSIDE.egress, {
    lowPorts: choice.driver === 'container' || choice.bubblewrap.lowPorts,
    ...(options.resolveHost ? { resolveHost: options.resolveHost } : {}),
    onDenied: (text) => options.onNotice?.(`${entry.name}: network: ${text}`),
  });
}

function prepare(
  plan: LaunchPlan,
  choice: Choice,
  folder: RunFolder,
  egress: Egress | undefined,
  options: LaunchOptions,
): Prepared {
  const { entry, resolved } = plan;
  const places = currentPlaces(options.allowedPaths);
  const volumes = resolveVolumes(entry.name, resolved.volumes, places);
  if (choice.driver === 'none') return prepareBare(plan, volumes, folder.path, options.env);
  writeBoxFiles(folder.path, BOX_USER, egress ? hostsOf(egress) : []);
  if (choice.driver === 'bubblewrap') {
    const id = folder.path.split('/').at(-1) as string;
    return prepareBubblewrap(plan, {
      bubblewrap: choice.bubblewrap,
      volumes,
      cgroups: makeCgroups(id, resolved.resources, options.env),
      egress,
      files: folder.path,
    });
  }
  throw new Error('not yet');
}

async function cleanUp(
  folder: RunFolder,
  cgroups: readonly string[],
  egress: Egress | undefined,
): Promise<void> {
  await egress?.close();
  await removeCgroups(cgroups);
  folder.remove();
}
