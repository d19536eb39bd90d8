import { PortolanError } from '../../../core/errors.ts';
import type { Client } from '../../clients/client.ts';
import { connectClient, disconnectClient } from '../../clients/connect.ts';
import { type GatewayOption, launchOf } from '../../clients/launch.ts';
import { findClient } from '../../clients/locate.ts';
import { isHere, placed, targetOf, thisMachine } from '../../clients/place.ts';
import { surveyClients } from '../../clients/survey.ts';
import { backupsOf, type Connection, type Outcome, type Target } from '../../clients/target.ts';
import { undoClient } from '../../clients/undo.ts';
import { portolanPaths } from '../../paths.ts';
import { profilePlace } from '../../profile/place.ts';
import { readProfile, readProfileIfAny } from '../../profile/read-profile.ts';
import { parseAssignments } from '../../profile/settings.ts';
import { visible } from '../../relay/render-diff.ts';
import { openCatalogs } from '../catalog-access.ts';
import { note, print, table } from '../print.ts';
import type {
  ClientChangeOptions,
  ClientConnectOptions,
  ClientListOptions,
  ClientUndoOptions,
} from './client.ts';
import { reporting } from './client-reporting.ts';

export async function listClients(options: ClientListOptions): Promise<void> {
  const rows = await surveyClients(options);
  const { name: current } = await profilePlace(undefined, portolanPaths());
  const shown = rows.filter(
    ({ installed, connections }) => options.all || installed || connections.length > 0,
  );
  print(options.json, shown, () =>
    shown.length === 0
      ? 'No client was found. See all that Portolan knows: portolan client ls --all'
      : table(
          shown.map(({ id, title, installed, path, connections, problem }) => [
            id,
            title,
            connections.length > 0 ? 'connected' : installed ? 'installed' : '-',
            visible(
              problem ??
                (connections.map((one) => describeConnection(one, current)).join('; ') || path),
            ),
          ]),
        ),
  );
}

/** What a client gets: a profile, servers of one, or servers alone. */
function describeConnection(
  { name, args, profile, servers, all }: Connection,
  current: string,
): string {
  const frozen = args.includes('--frozen') ? ' (frozen)' : '';
  if (all) return `${name}: every server of the catalog`;
  if (profile === undefined && servers) return `${name}: ${servers.join(', ')}`;
  const of = profile === undefined ? `the current profile (${current})` : `profile ${profile}`;
  return `${name}: ${servers ? `${servers.join(', ')} of ` : ''}${of}${frozen}`;
}

export async function connectClients(
  ids: readonly string[],
  options: ClientConnectOptions,
  given: readonly GatewayOption[],
): Promise<void> {
  await requireServers(options);
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

/** A client that is given nothing would start a gateway that ends with an error. */
async function requireServers({
  profile,
  servers,
  allServers,
}: ClientConnectOptions): Promise<void> {
  if (profile === undefined && (servers?.length || allServers)) return;
  const paths = portolanPaths();
  const place = await profilePlace(profile, paths);
  if (profile !== undefined) await readProfile(place, paths);
  else if (!(await readProfileIfAny(place, paths))) {
    throw new PortolanError(
      'usage',
      'SERVERS_MISSING',
      'say which servers the client gets: --servers NAME,NAME or --all-servers; or fill a profile with `portolan add SERVER`',
    );
  }
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
    await reporting(
      async () => {
        const outcome = await work(targetOf(client, options));
        results.push({ client: client.id, ...outcome });
        if (!options.json) report(client, outcome, options);
      },
      clients.length,
      (fault) => results.push({ client: client.id, ...fault }),
    );
  }
  if (options.json) print(true, results, () => '');
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
