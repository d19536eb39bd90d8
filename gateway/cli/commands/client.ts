import type { Command, Option } from 'commander';
import type { GatewayOption } from '../../clients/launch.ts';
import type { PlaceOptions } from '../../clients/place.ts';
import { type CatalogOptions, withCatalogOptions } from '../catalog-access.ts';
import { withHelp } from '../help.ts';

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
  readonly profile?: string;
  readonly servers?: readonly string[];
  readonly allServers?: true;
  readonly set: readonly string[];
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

  withHelp(withPlace(client.command('ls')), {
    examples: [
      ['See what is installed and what is connected', 'portolan client ls'],
      ['See the files in a project', 'portolan client ls --project'],
    ],
  })
    .description('Lists the clients of this machine, and what they are connected to.')
    .option('--all', 'also clients that are not installed')
    .option('--json', 'print JSON')
    .action(async (options: ClientListOptions) => (await actions()).listClients(options));

  const connect = withChange(
    client.command('connect').argument('[clients...]', 'ids of `client ls --all`'),
  );
  const shared = sharedOptions(program);
  for (const option of shared) connect.addOption(option);
  withHelp(connect, {
    examples: [
      [
        'Give Cursor and VS Code two servers',
        'portolan client connect cursor vscode --servers context7,github',
      ],
      ['Give Zed whatever the current profile holds', 'portolan client connect zed'],
      ['Give Cursor the profile work', 'portolan client connect cursor --profile work'],
      [
        "See what would change in a project's file",
        'portolan client connect claude-code --project --servers context7 --dry-run',
      ],
    ],
    notes: 'Secrets never go into the file of a client: portolan secret set SERVER.NAME',
  })
    .description(
      'Adds an entry that starts the gateway on stdio, with these options of it: some servers, a profile, or the current profile when neither is named.',
    )
    .option('--all-servers', 'serve every server of the catalog that needs no setting')
    .option('--command <file>', 'run this file of Portolan with Node.js instead of `npx portolan`')
    .option('--no-check', 'do not ask the catalogs whether they have these servers')
    .action(async (clients: string[], options: ClientConnectOptions) =>
      (await actions()).connectClients(clients, options, givenOptions(shared, options)),
    );

  withHelp(
    withChange(client.command('disconnect').argument('[clients...]', 'ids of `client ls`')),
    {
      examples: [
        ['Disconnect one', 'portolan client disconnect cursor'],
        ['Disconnect every client', 'portolan client disconnect --all'],
      ],
    },
  )
    .description('Removes the entry of Portolan.')
    .action(async (clients: string[], options: ClientChangeOptions) =>
      (await actions()).disconnectClients(clients, options),
    );

  withHelp(withPlace(client.command('undo').argument('<client>', 'id of `client ls`')), {
    examples: [
      ['Take back the last change', 'portolan client undo vscode'],
      ['See what can be taken back', 'portolan client undo vscode --list'],
    ],
  })
    .description('Takes back the last change that Portolan made to the file of a client.')
    .option('--list', 'list the changes that can be undone, newest first')
    .option('--dry-run', 'show what would change')
    .option('--force', 'also when something else has changed the file since')
    .option('--json', 'print JSON')
    .action(async (id: string, options: ClientUndoOptions) =>
      (await actions()).undoChange(id, options),
    );

  const imports = withCatalogOptions(
    withPlace(
      client.command('import').argument('[clients...]', 'all that are installed when absent'),
    ),
  );
  withHelp(imports, {
    examples: [['Find servers that a catalog has too', 'portolan client import cursor']],
  })
    .description(
      'Lists the servers that clients have, and the catalog entries that could replace them. Changes nothing.',
    )
    .option('--json', 'print JSON')
    .action(async (clients: string[], options: ClientImportOptions) =>
      (await import('./client-import.ts')).importServers(clients, options),
    );
}

/** The options of `portolan run` that mean something on stdio. */
function sharedOptions(program: Command): readonly Option[] {
  const run = program.commands.find((command) => command.name() === 'run');
  return (run?.options ?? []).filter(
    ({ long }) =>
      !/^--(all|transport|host|port|token|token-file|tls-.*|oauth-.*|allow-origin|allow-host)$/.test(
        long ?? '',
      ),
  );
}

/** Those that were given, as they are written behind `run`. */
function givenOptions(
  shared: readonly Option[],
  options: ClientConnectOptions,
): readonly GatewayOption[] {
  const values = options as unknown as Readonly<Record<string, unknown>>;
  const given = shared.flatMap((option): GatewayOption[] => {
    const value = values[option.attributeName()];
    const flag = option.long ?? '';
    if (value === undefined || value === option.defaultValue) return [];
    if (value === true) return [{ flag, takes: 'nothing', values: [] }];
    const texts = Array.isArray(value) ? value.map(String) : [String(value)];
    // `--servers a,b` is one value; other lists repeat the option.
    const list = flag === '--servers' ? [texts.join(',')] : texts;
    const isPath =
      (flag === '--profile' && /[/\\]|\.ya?ml$/i.test(String(value))) ||
      /<[^>]*\b(file|folder)\b[^>]*>/.test(option.flags) ||
      String(value).startsWith('oci-layout:');
    return [{ flag, takes: isPath && value !== 'off' ? 'path' : 'text', values: list }];
  });
  return options.allServers ? [...given, { flag: '--all', takes: 'nothing', values: [] }] : given;
}

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
