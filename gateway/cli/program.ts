import { Command } from 'commander';
import { registerBrowse } from './commands/browse.ts';
import { registerCatalog } from './commands/catalog.ts';
import { registerClient } from './commands/client.ts';
import { registerPolicy } from './commands/policy.ts';
import { registerProfile } from './commands/profile.ts';
import { registerRun } from './commands/run.ts';
import { registerRunning } from './commands/running.ts';
import { registerSecret } from './commands/secret.ts';
import { registerServeRegistry } from './commands/serve-registry.ts';
import { registerServer } from './commands/server.ts';
import { version } from './version.ts';

/** The `portolan` command with all its subcommands; each loads its work only when it runs. */
export function createProgram(): Command {
  const program = new Command('portolan')
    .description('The open, signed catalog and gateway for MCP servers.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help of a command')
    .showSuggestionAfterError(true)
    .showHelpAfterError('(portolan --help shows what there is)')
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /, 'portolan: ')),
    })
    .exitOverride();

  registerRun(program);
  registerRunning(program);
  registerServeRegistry(program);
  registerBrowse(program);
  registerServer(program);
  registerProfile(program);
  registerCatalog(program);
  registerSecret(program);
  registerPolicy(program);
  registerClient(program);
  return program;
}
