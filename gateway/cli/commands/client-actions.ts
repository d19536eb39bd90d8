import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { PortolanError } from '../../../core/errors.ts';
import type { Client } from '../../clients/client.ts';
import {
  backupsOf,
  connectClient,
  connectionsIn,
  disconnectClient,
  entriesOfClient,
  type Outcome,
  type Target,
  undoClient,
} from '../../clients/connect.ts';
import { type GatewayOption, launchOf } from '../../clients/launch.ts';
import { configFile, findClient, isInstalled } from '../../clients/locate.ts';
import type { Machine } from '../../clients/machine.ts';
import { type Proposal, proposeEntries } from '../../clients/propose.ts';
import { CLIENTS } from '../../clients/table.ts';
import { portolanPaths } from '../../paths.ts';
import { parseAssignments } from '../../profile/settings.ts';
import { visible } from '../../relay/render-diff.ts';
import { openCatalogs } from '../catalog-access.ts';
import { note, print, table } from '../print.ts';
import { reportError } from '../report-error.ts';
import type {
  ClientChangeOptions,
  ClientConnectOptions,
  ClientImportOptions,
  ClientListOptions,
  ClientUndoOptions,
  PlaceOptions,
} from './client.ts';

export async function listClients(options: ClientListOptions): Promise<void> {
  const rows = await Promise.all(
    placed(options).map(async (client) => {
      const target = targetOf(client, options);
      const installed = isInstalled(client, thisMachine());
      const { id, title } = client;
      const row = { id, title, installed, path: target.path };
      try {
        return { ...row, connections: connectionsIn(await entriesOfClient(target)) };
      } catch (error) {
        if (!(error instanceof PortolanError)) throw error;
        return { ...row, connections: [], problem: error.message };
      }
    }),
  );
  const shown = rows.filter(
    ({ installed, connections }) => options.all || installed || connections.length > 0,
  );
  print(options.json, shown, () =>
    shown.length === 0
      ? 'No client was found. See all that Portolan knows: portolan client ls --all'
      : table(
          shown.map(({ id, title, installed, path, connections, ...row }) => [
            id,
            title,
            connections.length > 0 ? 'connected' : installed ? 'installed' : '-',
            visible(
              'problem' in row
                ? row.problem
                : connections.map(({ name, args }) => `${name}: ${args.join(' ')}`).join('; ') ||
                    path,
            ),
          ]),
        ),
  );
}

export async function connectClients(
  ids: readonly string[],
  options: ClientConnectOptions,
  given: readonly GatewayOption[],
): Promise<void> {
  if (!options.servers?.length && !options.allServers) {
    throw new PortolanError(
      'usage',
      'SERVERS_MISSING',
      'say which servers the client gets: --servers NAME,NAME or --all-servers',
    );
  }
  const clients = chosen(ids, options);
  const launch = launchOf(
    options.name,
    given,
    { ...thisMachine(), cwd: process.cwd(), node: process.execPath },
    options.command,
  );
  if (options.check) await checkServers(options);
  await each(clients, options, (target) => connectClient(target, launch, options));
}

export async function disconnectClients(
  ids: readonly string[],
  options: ClientChangeOptions,
): Promise<void> {
  await each(chosen(ids, options), options, (target) =>
    disconnectClient(target, options.name, options),
  );
}

export async function undoChange(id: string, options: ClientUndoOptions): Promise<void> {
  const target = targetOf(findClient(id), options);
  if (options.list) {
    const backups = (await backupsOf(target)).map(({ time, action, name, path }) => ({
      time,
      action,
      name,
      path,
    }));
    print(options.json, backups, () =>
      backups.length === 0
        ? `Portolan has not changed ${target.path}.`
        : table(backups.map(({ time, action, name, path }) => [time, action, name, path])),
    );
    return;
  }
  report(target.client, await undoClient(target, options), options);
}

export async function importServers(
  ids: readonly string[],
  options: ClientImportOptions,
): Promise<void> {
  const catalogs = await openCatalogs(options, portolanPaths(), note);
  const clients = ids.length > 0 ? ids.map(findClient) : placed(options).filter(isHere);
  const found: { client: string; path: string; servers: readonly Proposal[] }[] = [];
  for (const client of clients) {
    const target = targetOf(client, options);
    await reporting(async () => {
      const servers = await proposeEntries(await entriesOfClient(target), catalogs);
      if (servers.length > 0) found.push({ client: client.id, path: target.path, servers });
    }, clients.length);
  }
  print(options.json, found, () =>
    found.length === 0
      ? 'These clients have no servers.'
      : found.map(({ client, path, servers }) => describe(client, path, servers)).join('\n\n'),
  );
}

/** What is said of servers that no catalog could have. */
const REMARKS: Readonly<Record<string, string>> = {
  portolan: 'this gateway',
  'docker-toolkit': "Docker's gateway; see the guide on migrating from it",
};

function describe(client: string, path: string, servers: readonly Proposal[]): string {
  const matched = [...new Set(servers.flatMap(({ entry }) => entry ?? []))];
  const secrets = servers.flatMap(({ entry, secrets = [] }) =>
    secrets.map((secret) => `portolan secret set ${entry}.${secret}`),
  );
  return [
    `${client}  ${path}`,
    table(
      servers.map(({ name, is, entry }) => [
        `  ${visible(name)}`,
        visible(`${is.kind} ${is.name}`),
        entry ? `-> ${entry}` : (REMARKS[is.kind] ?? 'in no catalog'),
      ]),
    ),
    ...(matched.length > 0
      ? [
          '  To run them verified and isolated:',
          ...[...new Set(secrets)].map((line) => `    ${line}`),
        ]
      : []),
    ...(matched.length > 0
      ? [`    portolan client connect ${client} --servers ${matched.join(',')}`]
      : []),
  ].join('\n');
}

/**
 * Fails before a client would: unknown servers and parameters, and secrets given as parameters,
 * which would end in the client's file.
 */
async function checkServers(options: ClientConnectOptions): Promise<void> {
  const settings = parseAssignments(options.set);
  const catalogs = await openCatalogs(options, portolanPaths(), note);
  for (const text of options.servers ?? [...settings.keys()]) {
    const [name = '', version] = text.split('@');
    const { entry } = await catalogs.server(name, version);
    for (const parameter of settings.get(name)?.keys() ?? []) {
      if (Object.hasOwn(entry.parameters?.properties ?? {}, parameter)) continue;
      const isSecret = entry.secrets?.some((secret) => secret.name === parameter);
      throw new PortolanError(
        'usage',
        isSecret ? 'SECRET_IN_ARGUMENT' : 'SETTING_UNKNOWN',
        isSecret
          ? `${name}.${parameter} is a secret and does not belong into a client's file; portolan secret set ${name}.${parameter}`
          : `${name} has no parameter "${parameter}"; see portolan show ${name}`,
      );
    }
  }
  const served = new Set(options.servers?.map((text) => text.split('@')[0]));
  const stray = options.servers && [...settings.keys()].find((name) => !served.has(name));
  if (stray !== undefined) {
    throw new PortolanError(
      'usage',
      'SETTING_UNKNOWN',
      `--set ${stray}...: ${stray} is not among --servers`,
    );
  }
}

async function each(
  clients: readonly Client[],
  options: ClientChangeOptions,
  work: (target: Target) => Promise<Outcome>,
): Promise<void> {
  const results: object[] = [];
  for (const client of clients) {
    await reporting(async () => {
      const outcome = await work(targetOf(client, options));
      results.push({ client: client.id, ...outcome });
      if (!options.json) report(client, outcome, options);
    }, clients.length);
  }
  if (options.json) print(true, results, () => '');
}

/** One client's broken file does not keep the others from being connected. */
async function reporting(work: () => Promise<void>, clients: number): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (clients === 1 || !(error instanceof PortolanError)) throw error;
    reportError(error);
  }
}

function report(
  client: Client,
  outcome: Outcome,
  { dryRun, json }: { readonly dryRun?: true; readonly json?: true },
): void {
  print(json, { client: client.id, ...outcome }, () => {
    const { done, path, diff } = outcome;
    if (done === 'nothing') return `${client.title}: nothing to change in ${path}`;
    if (dryRun) return diff ?? '';
    return `${client.title}: ${done} in ${path} (restart the client if it runs; portolan client undo ${client.id})`;
  });
}

function chosen(ids: readonly string[], options: ClientChangeOptions): readonly Client[] {
  if (ids.length > 0 && options.all) {
    throw new PortolanError('usage', 'CLIENTS_AMBIGUOUS', 'name clients or say --all, not both');
  }
  if (ids.length > 0) return [...new Set(ids)].map(findClient);
  if (!options.all) {
    throw new PortolanError(
      'usage',
      'CLIENT_MISSING',
      'say which client: its id of `portolan client ls --all`, or --all for those that are installed',
    );
  }
  const clients = placed(options).filter(isHere);
  if (clients.length > 0) return clients;
  throw new PortolanError('usage', 'CLIENT_MISSING', 'no client was found on this machine');
}

/** The clients that have a file of the kind that is asked for. */
function placed({ project }: PlaceOptions): readonly Client[] {
  return CLIENTS.filter((client) => project === undefined || client.project);
}

function isHere(client: Client): boolean {
  return isInstalled(client, thisMachine());
}

function targetOf(client: Client, { project }: PlaceOptions): Target {
  const folder = project === undefined ? undefined : resolve(project === true ? '.' : project);
  const path = configFile(client, thisMachine(), folder);
  return { client, path, stateDir: portolanPaths().state };
}

function thisMachine(): Machine {
  return { platform: process.platform, env: process.env, home: homedir() };
}
