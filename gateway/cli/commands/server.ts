import type { Command } from 'commander';
import { collect, withCatalogOptions } from '../catalog-access.ts';
import { withHelp } from '../help.ts';
import { withIsolationOptions } from '../isolation-arguments.ts';
import type { ServerOptions } from '../one-server.ts';
import { withProfileOption } from '../profile-options.ts';
import { registerToolSwitches } from './profile.ts';

/** Adds the options of commands that configure and start a server. */
function withServerOptions(command: Command): Command {
  return withIsolationOptions(withProfileOption(withCatalogOptions(command)))
    .option('--set <server.parameter=value>', 'set a parameter (repeatable)', collect, [])
    .option('--json', 'print JSON');
}

const SERVER = ['<server>', 'NAME or NAME@VERSION'] as const;
const VALUES = 'KEY=VALUE, one JSON object, or - to read JSON from stdin';

/** `portolan tools`, `prompts` and `resources`: what a server offers, and using it once. */
export function registerOffers(program: Command): void {
  registerTools(program);
  registerPrompts(program);
  registerResources(program);
}

function registerTools(program: Command): void {
  const actions = () => import('./tool-actions.ts');
  const tools = program
    .command('tools')
    .summary('list, show, call and switch tools of a server')
    .description(
      'Lists and shows the signed tools of a server, calls them in its box, and switches them on and off in a profile.',
    );
  withHelp(withServerOptions(tools.command('ls').argument(...SERVER)), {
    examples: [
      ['List the tools of a server', 'portolan tools ls everything'],
      ['Only their names', "portolan tools ls everything --json | jq -r '.[].name'"],
    ],
  })
    .description('Lists the tools; a server whose tools are live is started for it.')
    .action(async (server: string, options: ServerOptions) =>
      (await actions()).listTools(server, options),
    );
  withHelp(
    withServerOptions(
      tools
        .command('show')
        .argument(...SERVER)
        .argument('<tool>', 'name'),
    ),
    { examples: [['Show the inputs of a tool', 'portolan tools show everything get-sum']] },
  )
    .description('Shows a tool with its inputs.')
    .action(async (server: string, tool: string, options: ServerOptions) =>
      (await actions()).showTool(server, tool, options),
    );
  withHelp(
    withServerOptions(
      tools
        .command('call')
        .argument(...SERVER)
        .argument('<tool>', 'name')
        .argument('[arguments...]', VALUES),
    ),
    {
      examples: [
        ['Call a tool', 'portolan tools call everything get-sum a=1 b=2'],
        ['Give the arguments as JSON', `portolan tools call everything get-sum '{"a":1,"b":2}'`],
        ['Give them on stdin', 'portolan tools call everything get-sum - < arguments.json'],
        [
          'Let a server read one folder',
          `portolan tools call filesystem list_directory path=/work --set 'filesystem.directories=["/work"]'`,
        ],
      ],
      notes:
        'Values are typed by the schema of the tool; lists and objects are JSON. At a terminal, required arguments that are missing are asked for.',
      exits: { 1: 'the tool answered with an error, or the server did not work' },
    },
  )
    .description(
      'Starts the server in its box, calls the tool, prints the result. A tool that is not the signed one is refused.',
    )
    .action(async (server: string, tool: string, args: string[], options: ServerOptions) =>
      (await actions()).callTool(server, tool, args, options),
    );
  registerToolSwitches(tools);
  withHelp(tools.command('forget').argument('[servers...]', 'NAME; all servers when absent'), {
    examples: [
      ['Have a server asked again that is listed live', 'portolan tools forget time'],
      ['Have all of them asked again', 'portolan tools forget'],
    ],
    notes:
      'Lists of servers without signed tools are kept for as long as the server says, a week at most. A gateway that runs already asks again when it starts the server.',
  })
    .description('Forgets what servers without signed tools listed; the next gateway asks them.')
    .option('--json', 'print JSON')
    .action(async (servers: string[], { json }: { json?: true }) =>
      (await actions()).forgetTools(servers, json),
    );
}

function registerPrompts(program: Command): void {
  const actions = () => import('./prompt-actions.ts');
  const prompts = program
    .command('prompts')
    .summary('list and get prompts of a server')
    .description('Lists the prompts of a server, and gets one with its arguments filled in.');
  withHelp(withServerOptions(prompts.command('ls').argument(...SERVER)), {
    examples: [['List the prompts of a server', 'portolan prompts ls everything']],
  })
    .description('Lists the prompts with their arguments; starts the server when none are signed.')
    .action(async (server: string, options: ServerOptions) =>
      (await actions()).listPrompts(server, options),
    );
  withHelp(
    withServerOptions(
      prompts
        .command('get')
        .argument(...SERVER)
        .argument('<prompt>', 'name')
        .argument('[arguments...]', VALUES),
    ),
    { examples: [['Get a prompt', 'portolan prompts get everything args-prompt city=Berlin']] },
  )
    .description('Starts the server in its box and prints the messages of a prompt.')
    .action(async (server: string, prompt: string, args: string[], options: ServerOptions) =>
      (await actions()).getPrompt(server, prompt, args, options),
    );
}

function registerResources(program: Command): void {
  const actions = () => import('./resource-actions.ts');
  const resources = program
    .command('resources')
    .summary('list and read resources of a server')
    .description('Lists the resources and templates of a server, and reads one.');
  withHelp(withServerOptions(resources.command('ls').argument(...SERVER)), {
    examples: [['List the resources of a server', 'portolan resources ls everything']],
  })
    .description('Starts the server in its box and lists its resources and templates.')
    .action(async (server: string, options: ServerOptions) =>
      (await actions()).listResources(server, options),
    );
  withHelp(
    withServerOptions(
      resources
        .command('read')
        .argument(...SERVER)
        .argument('<uri>', 'URI of `resources ls`, or one that a template makes'),
    ),
    {
      examples: [
        [
          'Read a resource',
          'portolan resources read everything demo://resource/static/document/features.md',
        ],
      ],
    },
  )
    .description('Starts the server in its box and prints a resource.')
    .action(async (server: string, uri: string, options: ServerOptions) =>
      (await actions()).readResource(server, uri, options),
    );
}

/** `portolan diff`, `inspect` and `doctor`: a server, and this machine, looked at closely. */
export function registerServer(program: Command): void {
  const actions = () => import('./inspect-actions.ts');
  withHelp(withServerOptions(program.command('diff').argument(...SERVER)), {
    examples: [['See what a server changed after review', 'portolan diff everything']],
    exits: { 1: 'the live tools differ from the signed ones, or the server did not work' },
  })
    .summary('compare live tools with the signed ones')
    .description(
      'Starts the server in its box and compares its tools with the signed ones, invisible characters made visible. Exit code 1 when they differ.',
    )
    .action(async (server: string, options: ServerOptions) =>
      (await actions()).diffServer(server, options),
    );
  withHelp(withServerOptions(program.command('inspect').argument(...SERVER)), {
    examples: [
      ['See every grant and the exact command', 'portolan inspect context7'],
      [
        'See it for a container, with a setting',
        `portolan inspect filesystem --isolation container --set 'filesystem.directories=["/work"]'`,
      ],
    ],
  })
    .summary('what a server may touch, and how it is started')
    .description(
      'Prints every grant with the field of the entry that it comes from, and the exact command that would run. Starts nothing; secrets appear as names.',
    )
    .action(async (server: string, options: ServerOptions) =>
      (await actions()).inspectServer(server, options),
    );
  withHelp(program.command('doctor').option('--json', 'print JSON'), {
    examples: [
      ['Check this machine', 'portolan doctor'],
      ['Only what is at fault', "portolan doctor --json | jq '.[] | select(.ok | not)'"],
    ],
    exits: { 1: 'there is a fault' },
  })
    .summary('what this machine can do, and what is missing')
    .description(
      'Checks Node.js, container engines and bubblewrap, the network, the keychain, clients, catalogs, the clock, policies and running gateways, each with a remedy.',
    )
    .action(async (options: { json?: true }) => (await import('./doctor.ts')).doctor(options));
}
