import { PortolanError } from '../../../core/errors.ts';
import type { Announcement } from '../../control/announcement.ts';
import { findGateways } from '../../control/find-gateways.ts';
import type { GatewayStatus } from '../../control/status.ts';
import { withControl } from '../../control/with-control.ts';
import { GATEWAY_LOG, type LogLine } from '../../logs/log-files.ts';
import { followLogs, logFiles, readLog } from '../../logs/read-logs.ts';
import { portolanPaths } from '../../paths.ts';
import { visible } from '../../relay/render-diff.ts';
import { note, print, table } from '../print.ts';
import { suggest } from '../suggest.ts';
import type { LogsOptions, StopOptions } from './running.ts';

export async function listGateways({ json }: { json?: true }): Promise<void> {
  const gateways = await statuses();
  print(json, gateways, () =>
    gateways.length === 0
      ? 'No gateway runs. A client starts one, or: portolan run --servers NAME'
      : gateways.map(describeGateway).join('\n\n'),
  );
}

export async function stop(target: string | undefined, options: StopOptions): Promise<void> {
  const found = await findGateways(portolanPaths().state);
  const isPid = target !== undefined && /^[0-9]+$/.test(target);
  const stopped =
    target === undefined || isPid
      ? await stopGateways(chosenGateways(found, target, options))
      : await stopServer(found, target);
  print(options.json, stopped, () =>
    stopped
      .map(({ pid, server }) =>
        server ? `${server} is stopped in gateway ${pid}` : `gateway ${pid} is stopped`,
      )
      .join('\n'),
  );
}

export async function showLogs(server: string | undefined, options: LogsOptions): Promise<void> {
  const { state } = portolanPaths();
  const known = (await logFiles(state)).map(({ name }) => name);
  if (server !== undefined && !known.includes(server) && !options.follow) {
    const others = known.filter((name) => name !== GATEWAY_LOG);
    throw new PortolanError(
      'usage',
      'LOG_UNKNOWN',
      `${server} has written nothing${suggest(server, others)}; there are logs of: ${others.join(', ') || 'no server'}`,
    );
  }
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  process.once('SIGTERM', () => stop.abort());
  // A pipe that was closed, as by `head`, is the end.
  process.stdout.once('error', () => process.exit(0));
  const show = (line: LogLine) =>
    process.stdout.write(`${options.json ? JSON.stringify(line) : describeLine(line, server)}\n`);
  const names = server === undefined ? known : [server];
  const lines = await Promise.all(names.map((name) => readLog(state, name, options.lines)));
  const newest = lines.flat().sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  for (const line of newest.slice(Math.max(0, newest.length - options.lines))) show(line);
  if (options.follow) await followLogs(state, server ? [server] : 'all', show, stop.signal);
}

/** Status of each gateway; one that does not answer is told of and left out. */
async function statuses(): Promise<readonly GatewayStatus[]> {
  const found = await findGateways(portolanPaths().state);
  const all = await Promise.all(
    found.map((one) =>
      withControl(one, (control) => control.status()).catch((error: unknown) => {
        if (!(error instanceof PortolanError)) throw error;
        note(error.message);
        return undefined;
      }),
    ),
  );
  return all.filter((status) => status !== undefined);
}

function chosenGateways(
  found: readonly Announcement[],
  target: string | undefined,
  { all }: StopOptions,
): readonly Announcement[] {
  if (all) return found;
  const chosen = target === undefined ? found : found.filter(({ pid }) => String(pid) === target);
  if (chosen.length === 1) return chosen;
  throw new PortolanError(
    'usage',
    'GATEWAY_UNKNOWN',
    chosen.length > 1
      ? `several gateways run: ${found.map(({ pid }) => pid).join(', ')}; name one (\`portolan ps\`), or say --all`
      : `no gateway runs${target === undefined ? '' : ` with process id ${target}; \`portolan ps\` lists them`}`,
  );
}

interface Stopped {
  readonly pid: number;
  readonly server?: string;
}

async function stopGateways(gateways: readonly Announcement[]): Promise<readonly Stopped[]> {
  return Promise.all(
    gateways.map((one) =>
      withControl(one, async (control): Promise<Stopped> => {
        await control.stop();
        await control.closed;
        return { pid: one.pid };
      }),
    ),
  );
}

async function stopServer(
  gateways: readonly Announcement[],
  server: string,
): Promise<readonly Stopped[]> {
  const served = new Set<string>();
  const stopped = await Promise.all(
    gateways.map((one) =>
      withControl(one, async (control): Promise<readonly Stopped[]> => {
        const { servers } = await control.status();
        for (const { name } of servers) served.add(name);
        if (!servers.some(({ name }) => name === server)) return [];
        await control.stop(server);
        return [{ pid: one.pid, server }];
      }),
    ),
  );
  if (stopped.flat().length > 0) return stopped.flat();
  throw new PortolanError(
    'usage',
    'SERVER_UNKNOWN',
    `no gateway serves "${server}"${suggest(server, [...served])}; \`portolan ps\` lists what runs`,
  );
}

function describeGateway(status: GatewayStatus): string {
  const { pid, transport, endpoint, profile, clients, servers, startedAt } = status;
  const who = clients.map(({ name, version }) => visible(`${name ?? 'a client'} ${version ?? ''}`));
  const elsewhere = (one: string | undefined) => one !== undefined && one !== profile;
  return [
    [
      `${pid}  ${endpoint ?? transport}`,
      ...(profile ? [`profile ${profile}`] : []),
      who.length > 0 ? who.map((one) => one.trim()).join(', ') : 'no client',
      `since ${ago(startedAt)}`,
    ].join('  '),
    table(
      servers.map(({ name, profile: own, running, calls, total, errors, lastCall, lastError }) => [
        `  ${name}${elsewhere(own) ? ` (profile ${own})` : ''}`,
        running > 0 ? 'running' : 'not started',
        `${total} calls${errors > 0 ? `, ${errors} failed` : ''}${calls > 0 ? `, ${calls} under way` : ''}`,
        lastCall ? `last ${ago(lastCall)} ago` : '',
        lastError ? visible(lastError) : '',
      ]),
    ),
  ].join('\n');
}

/** A time in the past as `12 s`, `3 min`, `2 h` or `5 d`. */
function ago(time: string): string {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(time)) / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

function describeLine({ time, server, text }: LogLine, only: string | undefined): string {
  const clock = time ? `${time} ` : '';
  const who = only === undefined ? `${server === GATEWAY_LOG ? 'portolan' : server}: ` : '';
  return `${clock}${who}${visible(text.replaceAll('\t', '    '))}`;
}
