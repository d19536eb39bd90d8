import { connectClient, disconnectClient } from '../../clients/connect.ts';
import type { GatewayOption } from '../../clients/launch.ts';
import { launchOf } from '../../clients/launch.ts';
import { findClient } from '../../clients/locate.ts';
import { placed, targetOf, thisMachine } from '../../clients/place.ts';
import { proposeEntries } from '../../clients/propose.ts';
import { surveyClients } from '../../clients/survey.ts';
import { backupsOf, entriesOfClient, type Outcome } from '../../clients/target.ts';
import { undoClient } from '../../clients/undo.ts';
import type { ConsoleContext } from '../context.ts';
import { type ApiRequest, flagIn, get, optionalTextIn, post, textIn } from '../route.ts';

export const clientsRoutes = [
  get('/api/clients', list),
  get('/api/clients/:client/import', importable),
  post('/api/clients/:client/connect', connect),
  post('/api/clients/:client/disconnect', disconnect),
  post('/api/clients/:client/undo', undo),
];

export type ClientList = Awaited<ReturnType<typeof list>>;
export type ClientImport = Awaited<ReturnType<typeof importable>>;
export type { Outcome } from '../../clients/target.ts';

/** The name that connections made here have in a client's file. */
const ENTRY_NAME = 'portolan';

async function list({ query }: ApiRequest) {
  const project = query.get('project') ?? undefined;
  const place = project ? { project } : {};
  const found = await surveyClients(place);
  return Promise.all(
    found.map(async (client) => {
      const [last] = await backupsOf(targetOf(findClient(client.id), place));
      return {
        ...client,
        hasProject: placed({ project: '.' }).some(({ id }) => id === client.id),
        undo: last && { time: last.time, action: last.action, name: last.name },
      };
    }),
  );
}

/** Shows with `dryRun` what would be written; writes it without. */
async function connect({ params, body }: ApiRequest, context: ConsoleContext): Promise<Outcome> {
  const { option } = optionsIn(body);
  const launch = launchOf(
    ENTRY_NAME,
    option,
    { ...thisMachine(), cwd: process.cwd(), node: process.execPath },
    // `npx portolan`, or the very file that runs this console.
    body.start === 'this' ? process.argv[1] : undefined,
  );
  return change(params.client, body, context, (target, options) =>
    connectClient(target, launch, options),
  );
}

function disconnect({ params, body }: ApiRequest, context: ConsoleContext): Promise<Outcome> {
  const name = optionalTextIn(body, 'name') ?? ENTRY_NAME;
  return change(params.client, body, context, (target, options) =>
    disconnectClient(target, name, options),
  );
}

function undo({ params, body }: ApiRequest, context: ConsoleContext): Promise<Outcome> {
  return change(params.client, body, context, undoClient);
}

/** The servers that a client has, and the catalog entries that are the same. Changes nothing. */
async function importable({ params, query }: ApiRequest, context: ConsoleContext) {
  const project = query.get('project') ?? undefined;
  const target = targetOf(findClient(params.client ?? ''), project ? { project } : {});
  const servers = await proposeEntries(await entriesOfClient(target), await context.catalogs());
  return { path: target.path, servers };
}

async function change(
  client: string | undefined,
  body: ApiRequest['body'],
  context: ConsoleContext,
  work: (
    target: ReturnType<typeof targetOf>,
    options: { readonly dryRun: boolean; readonly force: boolean },
  ) => Promise<Outcome>,
): Promise<Outcome> {
  const project = optionalTextIn(body, 'project');
  const target = targetOf(findClient(client ?? ''), project ? { project } : {});
  const dryRun = flagIn(body, 'dryRun');
  const outcome = await work(target, { dryRun, force: flagIn(body, 'force') });
  if (!dryRun) context.changed('clients');
  return outcome;
}

/** What the client is to be given: a profile. */
function optionsIn(body: ApiRequest['body']): { readonly option: readonly GatewayOption[] } {
  const profile = textIn(body, 'profile');
  const isPath = /[\\/]|\.ya?ml$/.test(profile);
  return {
    option: [{ flag: '--profile', takes: isPath ? 'path' : 'text', values: [profile] }],
  };
}
