import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stdioClient } from './clients.ts';
import { commandOf, type Figures, measureInTurn, processTree, rssMb } from './measure.ts';

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
  ['Portolan', 'pipes'],
  ["Portolan, engine's socket", 'socket'],
  ['Portolan, engine client', 'client'],
] as const;

/**
 * Calls the same server in the same strict container: directly, by the engine's own command, and
 * through the gateway, over pipes, over the engine's socket and through its client. Undefined where
 * there is no podman.
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
  const perServer: { subject: string; mib: number }[] = [];
  try {
    const commands = [
      { subject: 'direct', command: direct },
      ...WAYS.map(([subject, way]) => ({ subject, command: through(way, 1) })),
    ];
    const rows = await measureSideBySide(commands, calls);
    for (const [subject, way] of WAYS) {
      const [one, all] = [await memory(through(way, 1)), await memory(through(way, 1 + MORE))];
      perServer.push({ subject, mib: (all - one) / MORE });
    }
    return { rows, perServer };
  } finally {
    await image.stop();
    rmSync(runDir, { recursive: true, force: true });
  }
}

async function measureSideBySide(
  commands: readonly { readonly subject: string; readonly command: readonly string[] }[],
  calls: number,
): Promise<(Figures & { subject: string })[]> {
  console.error('measuring containers, round by round ...');
  const clients: Awaited<ReturnType<typeof stdioClient>>[] = [];
  try {
    for (const { command } of commands) {
      const client = await stdioClient(command);
      clients.push(client);
      await client.call('first');
    }
    const subjects = clients.map((client, index) => ({
      client,
      pids: commands[index]?.subject === 'direct' ? [] : processTree(client.pid),
    }));
    const figures = await measureInTurn(subjects, calls);
    return figures.map((one, index) => ({ subject: commands[index]?.subject ?? '', ...one }));
  } finally {
    for (const client of clients) client.close();
    for (const client of clients) await ended(client.pid);
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
