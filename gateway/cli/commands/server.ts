import type { Command } from 'commander';
import { collect, withCatalogOptions } from '../catalog-access.ts';
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

/** `portolan tools`, `diff` and `inspect`: one server, looked at closely. */
export function registerServer(program: Command): void {
  const actions = () => import('./server-actions.ts');
  const tools = program
    .command('tools')
    .summary('list, show, call and switch tools of a server')
    .description(
      'Lists and shows the signed tools of a server, calls them in its box, and switches them on and off in a profile.',
    );
  withServerOptions(tools.command('ls').argument('<server>', 'NAME or NAME@VERSION'))
    .description('Lists the tools; a server whose tools are live is started for it.')
    .action(async (server: string, options: ServerOptions) =>
      (await actions()).listTools(server, options),
    );
  withServerOptions(
    tools.command('show').argument('<server>', 'NAME or NAME@VERSION').argument('<tool>', 'name'),
  )
    .description('Shows a tool with its inputs.')
    .action(async (server: string, tool: string, options: ServerOptions) =>
      (await actions()).showTool(server, tool, options),
    );
  withServerOptions(
    tools
      .command('call')
      .argument('<server>', 'NAME or NAME@VERSION')
      .argument('<tool>', 'name')
      .argument('[arguments...]', 'KEY=VALUE, one JSON object, or - to read JSON from stdin'),
  )
    .description(
      'Starts the server in its box, calls the tool, prints the result. A tool that is not the signed one is refused.',
    )
    .action(async (server: string, tool: string, args: string[], options: ServerOptions) =>
      (await actions()).callTool(server, tool, args, options),
    );
  registerToolSwitches(tools);
  withServerOptions(program.command('diff').argument('<server>', 'NAME or NAME@VERSION'))
    .summary('compare live tools with the signed ones')
    .description(
      'Starts the server in its box and compares its tools with the signed ones, invisible characters made visible. Exit code 1 when they differ.',
    )
    .action(async (server: string, options: ServerOptions) =>
      (await actions()).diffServer(server, options),
    );
  withServerOptions(program.command('inspect').argument('<server>', 'NAME or NAME@VERSION'))
    .summary('what a server may touch, and how it is started')
    .description(
      'Prints every grant with the field of the entry that it comes from, and the exact command that would run. Starts nothing; secrets appear as names.',
    )
    .action(async (server: string, options: ServerOptions) =>
      (await actions()).inspectServer(server, options),
    );
  program
    .command('doctor')
    .summary('what this machine can do, and what is missing')
    .description('Checks Node.js, isolation, catalogs and the clock, each with a remedy.')
    .option('--json', 'print JSON')
    .action(async (options: { json?: true }) => (await import('./doctor.ts')).doctor(options));
}
