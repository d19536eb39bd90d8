import { type Command, Option } from 'commander';
import { type CatalogOptions, collect, withCatalogOptions } from '../catalog-access.ts';
import { names } from './run.ts';

export interface PlaceOptions {
  /** Folder of a project; `true` for the current one. */
  readonly project?: string | true;
}

export interface ClientListOptions extends PlaceOptions {
  readonly all?: true;
  readonly json?: true;
}

export interface ClientImportOptions extends CatalogOptions, PlaceOptions {
  readonly json?: true;
}

export interface ClientChangeOptions extends PlaceOptions {
  readonly all?: true;
  readonly name: string;
  readonly dryRun?: true;
  readonly force?: true;
  readonly json?: true;
}

export interface ClientConnectOptions extends CatalogOptions, ClientChangeOptions {
  readonly servers?: readonly string[];
  readonly allServers?: true;
  readonly set: readonly string[];
  readonly isolation?: string;
  readonly nodeImage?: string;
  readonly toolChanges?: string;
  readonly prefix?: string;
  readonly command?: string;
  /** `--no-check`. */
  readonly check: boolean;
}

export interface ClientUndoOptions extends PlaceOptions {
  readonly list?: true;
  readonly dryRun?: true;
  readonly force?: true;
  readonly json?: true;
}

/** `portolan client`: the programs that use the gateway. */
export function registerClient(program: Command): void {
  const client = program
    .command('client')
    .summary('connect editors, assistants and agents')
    .description(
      'Adds Portolan to the configuration of MCP clients. Only its own entry is touched: comments, order and layout of the file stay as they are, and each change can be undone.',
    );
  const actions = () => import('./client-actions.ts');

  withPlace(client.command('ls'))
    .description('Lists the clients of this machine, and what they are connected to.')
    .option('--all', 'also clients that are not installed')
    .option('--json', 'print JSON')
    .action(async (options: ClientListOptions) => (await actions()).listClients(options));

  withCatalogOptions(
    withChange(client.command('connect').argument('[clients...]', 'ids of `client ls --all`')),
  )
    .description('Adds an entry that starts the gateway on stdio.')
    .option('--servers <names>', 'servers to serve, as NAME or NAME@VERSION, with commas', names)
    .option('--all-servers', 'serve every server of the catalog that needs no setting')
    .option('--set <server.parameter=value>', 'set a parameter (repeatable)', collect, [])
    .addOption(
      new Option('--isolation <mode>', 'what keeps servers in their box').choices([
        'auto',
        'container',
        'bubblewrap',
        'none',
      ]),
    )
    .option('--node-image <ref@digest>', 'image that runs npm servers in a container')
    .addOption(
      new Option('--tool-changes <mode>', 'tools that differ from the signed ones').choices([
        'block',
        'warn',
      ]),
    )
    .addOption(
      new Option('--prefix <mode>', 'server names in front of tool names').choices([
        'auto',
        'always',
        'never',
      ]),
    )
    .option('--command <file>', 'run this file of Portolan with Node.js instead of `npx portolan`')
    .option('--no-check', 'do not ask the catalogs whether they have these servers')
    .addHelpText('after', EXAMPLES)
    .action(async (clients: string[], options: ClientConnectOptions) =>
      (await actions()).connectClients(clients, options),
    );

  withChange(client.command('disconnect').argument('[clients...]', 'ids of `client ls`'))
    .description('Removes the entry of Portolan.')
    .action(async (clients: string[], options: ClientChangeOptions) =>
      (await actions()).disconnectClients(clients, options),
    );

  withPlace(client.command('undo').argument('<client>', 'id of `client ls`'))
    .description('Takes back the last change that Portolan made to the file of a client.')
    .option('--list', 'list the changes that can be undone, newest first')
    .option('--dry-run', 'show what would change')
    .option('--force', 'also when something else has changed the file since')
    .option('--json', 'print JSON')
    .action(async (id: string, options: ClientUndoOptions) =>
      (await actions()).undoChange(id, options),
    );

  withCatalogOptions(
    withPlace(
      client.command('import').argument('[clients...]', 'all that are installed when absent'),
    ),
  )
    .description(
      'Lists the servers that clients have, and the catalog entries that could replace them. Changes nothing.',
    )
    .option('--json', 'print JSON')
    .action(async (clients: string[], options: ClientImportOptions) =>
      (await actions()).importServers(clients, options),
    );
}

const EXAMPLES = `
Secrets never go into the file of a client: portolan secret set SERVER.NAME

Examples:
  Give Cursor and VS Code two servers:
    portolan client connect cursor vscode --servers context7,github
  See what would change in a project's file:
    portolan client connect claude-code --project --servers context7 --dry-run`;

function withPlace(command: Command): Command {
  return command.option('--project [folder]', "the client's file of a project, not of the user");
}

function withChange(command: Command): Command {
  return withPlace(command)
    .option('--all', 'every client that is installed')
    .option('--name <name>', 'name of the entry', 'portolan')
    .option('--dry-run', 'show what would change, as a diff without credentials')
    .option('--force', 'also when the entry of that name is not of Portolan')
    .option('--json', 'print JSON');
}
