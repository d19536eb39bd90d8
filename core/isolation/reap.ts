import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { removeCgroups } from './cgroups.ts';
import { signalGroup } from './child.ts';
import { type Detected, detectIsolation, type Engine } from './detect.ts';
import { callEngine } from './engine-call.ts';
import { LABEL } from './labels.ts';
import { isAlive } from './process-identity.ts';
import { defaultRunDir, RECORD, type RunRecord } from './run-folder.ts';
import type { IsolationOptions } from './types.ts';

/** What was left behind and is gone now. */
export interface Reaped {
  readonly containers: number;
  readonly processes: number;
  readonly folders: number;
}

/**
 * Ends and removes what gateways that were killed left behind: containers, processes, control
 * groups, sockets. Leaves alone whatever belongs to a process that still runs. Call it at start.
 */
export async function reapOrphans(
  options: {
    readonly env?: NodeJS.ProcessEnv;
    readonly runDir?: string;
    readonly detected?: Detected;
    /** The cluster whose pods are looked at, too. */
    readonly kubernetes?: NonNullable<IsolationOptions['kubernetes']>;
  } = {},
): Promise<Reaped> {
  const env = options.env ?? process.env;
  const { engines } = options.detected ?? (await detectIsolation({ env }));
  const runs = await reapRuns(options.runDir ?? defaultRunDir(env));
  const counts = await Promise.all(engines.map((engine) => reapContainers(engine, env)));
  const { kubernetes } = options;
  const pods = kubernetes
    ? await import('./kubernetes/reap-pods.ts').then(({ reapPods }) => reapPods(kubernetes))
    : 0;
  return { ...runs, containers: counts.reduce((sum, count) => sum + count, pods) };
}

async function reapRuns(runDir: string): Promise<Omit<Reaped, 'containers'>> {
  let processes = 0;
  let folders = 0;
  for (const name of listFolder(runDir)) {
    const path = join(runDir, name);
    const record = readRecord(path);
    if (record ? isAlive(record.owner) : !isStale(path)) continue;
    // Only with a start time: a process id alone may be someone else's by now.
    if (record?.child?.started && isAlive(record.child)) {
      signalGroup(record.child.pid, 'SIGKILL');
      processes += 1;
    }
    await removeCgroups(record?.cgroups ?? []);
    rmSync(path, { recursive: true, force: true });
    folders += 1;
  }
  return { processes, folders };
}

async function reapContainers(engine: Engine, env: NodeJS.ProcessEnv): Promise<number> {
  const list = await callEngine(
    engine,
    ['ps', '--all', '--quiet', '--no-trunc', '--filter', `label=${LABEL.host}=${hostname()}`],
    env,
  );
  const ids = list.stdout.split('\n').filter((id) => /^[0-9a-f]{12,64}$/.test(id));
  if (ids.length === 0) return 0;
  const { stdout } = await callEngine(engine, ['inspect', '--type=container', ...ids], env);
  const orphans = parseContainers(stdout).filter(({ Id, Config }) => {
    const labels = Config?.Labels ?? {};
    const owner = { pid: Number(labels[LABEL.pid]), started: labels[LABEL.started] ?? '' };
    return Id !== undefined && owner.pid > 0 && !isAlive(owner);
  });
  // An engine does not remove a sidecar while a server still shares its network.
  for (const sidecars of [false, true]) {
    const group = orphans.filter(({ Name }) => Boolean(Name?.endsWith('-net')) === sidecars);
    const names = group.map(({ Id }) => Id as string);
    if (names.length) await callEngine(engine, [...engine.traits.remove, ...names], env);
  }
  return orphans.length;
}

interface Container {
  readonly Id?: string;
  readonly Name?: string;
  readonly Config?: { readonly Labels?: Readonly<Record<string, string>> };
}

function parseContainers(text: string): Container[] {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? (list as Container[]) : [];
  } catch {
    return [];
  }
}

function readRecord(folder: string): RunRecord | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, RECORD), 'utf8')) as RunRecord;
  } catch {
    return undefined;
  }
}

/** A folder without a record is about to get one, or will never get one. */
function isStale(path: string): boolean {
  const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: Date.now() };
  return Date.now() - mtimeMs > 60_000;
}

function listFolder(path: string): string[] {
  try {
    return readdirSync(path).filter((name) => /^[0-9a-f]{12}$/.test(name));
  } catch {
    return [];
  }
}
