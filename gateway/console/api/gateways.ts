import { messageOf, PortolanError } from '../../../core/errors.ts';
import { findGateways } from '../../control/find-gateways.ts';
import type { GatewayStatus } from '../../control/status.ts';
import { withControl } from '../../control/with-control.ts';
import { GATEWAY_LOG } from '../../logs/log-files.ts';
import { followLogs, logFiles, readLog } from '../../logs/read-logs.ts';
import type { ConsoleContext } from '../context.ts';
import { type ApiRequest, get, optionalTextIn, post } from '../route.ts';
import type { LogText } from './types.ts';

export const gatewayRoutes = [
  get('/api/gateways', list),
  post('/api/gateways/:pid/stop', stop),
  get('/api/logs', logs),
  get('/api/logs/:name', log),
];

export interface GatewayView {
  readonly pid: number;
  readonly startedAt: string;
  readonly status?: GatewayStatus;
  readonly problem?: string;
}

export type LogList = Awaited<ReturnType<typeof logs>>;

const NEWEST_LINES = 300;

async function list(_: ApiRequest, { paths }: ConsoleContext): Promise<readonly GatewayView[]> {
  const found = await findGateways(paths.state);
  return Promise.all(
    found.map(async (announcement): Promise<GatewayView> => {
      const { pid, startedAt } = announcement;
      try {
        return { pid, startedAt, status: await withControl(announcement, (one) => one.status()) };
      } catch (error) {
        return { pid, startedAt, problem: messageOf(error) };
      }
    }),
  );
}

/** Ends a gateway, or with a server the conversations of that one. */
async function stop({ params, body }: ApiRequest, context: ConsoleContext): Promise<void> {
  const gateways = await findGateways(context.paths.state);
  const found = gateways.find(({ pid }) => String(pid) === params.pid);
  if (!found) {
    throw new PortolanError('usage', 'GATEWAY_GONE', 'that gateway does not run any more');
  }
  await withControl(found, (control) => control.stop(optionalTextIn(body, 'server')));
  context.changed('gateways');
}

async function logs(_: ApiRequest, { paths }: ConsoleContext) {
  return (await logFiles(paths.state)).map(({ name, changed }) => ({
    name,
    isGateway: name === GATEWAY_LOG,
    changed: changed.toISOString(),
  }));
}

/** The newest lines of a log. Only names of logs that are there reach the disk. */
async function log({ params }: ApiRequest, { paths }: ConsoleContext): Promise<readonly LogText[]> {
  const known = await logFiles(paths.state);
  const file = known.find(({ name }) => name === params.name);
  if (!file) {
    throw new PortolanError('usage', 'LOG_UNKNOWN', `there is no log of ${params.name} yet`);
  }
  return readLog(paths.state, file.name, NEWEST_LINES);
}

/** Sends every new line of every log to the open pages. */
export function startLogs({ paths, hub, log: say }: ConsoleContext): () => void {
  const end = new AbortController();
  followLogs(
    paths.state,
    'all',
    (line) => {
      if (hub.size > 0) hub.send({ topic: 'log', line });
    },
    end.signal,
  ).catch((error) => say(`the logs cannot be followed: ${messageOf(error)}`));
  return () => end.abort();
}
