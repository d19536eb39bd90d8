import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stdioClient } from './clients.ts';
import { commandOf, type Figures, measure, processTree, rssMb } from './measure.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const gateway = join(here, '../../test/support/bench-container.ts');
const MORE = 8;

/** What calls into a container cost. */
export interface ContainerFigures {
  readonly rows: readonly (Figures & { readonly subject: string })[];
  /** MiB of memory in our processes for each further running server, by subject. */
  readonly perServer: readonly { readonly subject: string; readonly mib: number }[];
}

const WAYS = [
  ['Portolan', 'socket'],
  ['Portolan, engine client', 'client'],
] as const;

/**
 * Calls the same server in the same strict container: directly, by the engine's own command, and
 * through the gateway, over the engine's socket and through its client. Undefined where there is no
 * podman.
 */
export async function measureContainers(calls: number): Promise<ContainerFigures | undefined> {
  const { startFixtureImage } = await import('../../test/support/podman.ts');
  const image = await startFixtureImage().catch((error: unknown) => {
    console.error(`no container is measured: ${String(error)}`);
  });
  if (!image) return undefined;
  spawnSync('podman', ['pull', '--quiet', image.reference], { env: image.env });
  const runDir = mkdtempSync(join(tmpdir(), 'pb-'));
  const through = (way: string, count: number, ...rest: string[]) => [
    ...[process.execPath, gateway, image.reference, here, way, String(count)],
    ...rest,
  ];
  const [program = '', ...args] = through('client', 1, runDir);
  const direct = JSON.parse(spawnSync(program, args, { encoding: 'utf8' }).stdout) as string[];
  Object.assign(process.env, image.env);
  const rows: (Figures & { subject: string })[] = [];
  const perServer: { subject: string; mib: number }[] = [];
  try {
    rows.push({ subject: 'direct', ...(await measureOne(direct, calls, () => [])) });
    for (const [subject, way] of WAYS) {
      const figures = await measureOne(through(way, 1), calls, processTree);
      rows.push({ subject, ...figures });
      const [one, all] = [await memory(through(way, 1)), await memory(through(way, 1 + MORE))];
      perServer.push({ subject, mib: (all - one) / MORE });
    }
  } finally {
    await image.stop();
    rmSync(runDir, { recursive: true, force: true });
  }
  return { rows, perServer };
}

async function measureOne(
  command: readonly string[],
  calls: number,
  between: (root: number) => number[],
): Promise<Figures> {
  console.error(`measuring a container: ${command.slice(0, 2).join(' ')} ...`);
  const client = await stdioClient(command);
  try {
    await client.call('first');
    return await measure(client, between(client.pid), calls);
  } finally {
    client.close();
    await ended(client.pid);
  }
}

/** MiB of the gateway and all that it started on this side of the containers, every server running. */
async function memory(command: readonly string[]): Promise<number> {
  const client = await stdioClient(command);
  // Listing starts every server; the calls come after it.
  await client.list();
  for (let call = 0; call < 200; call += 1) await client.call(`call ${call}`);
  const total = processTree(client.pid).reduce((sum, pid) => sum + rssMb(pid), 0);
  client.close();
  await ended(client.pid);
  return total;
}

async function ended(pid: number): Promise<void> {
  while (commandOf(pid) !== '') await new Promise((resolve) => setTimeout(resolve, 50));
}
