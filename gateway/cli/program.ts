import { Command, type Option } from 'commander';
import { registerBrowse } from './commands/browse.ts';
import { registerCatalog } from './commands/catalog.ts';
import { registerClient } from './commands/client.ts';
import { registerCompletion } from './commands/completion.ts';
import { registerConsole } from './commands/console.ts';
import { registerMigrate } from './commands/migrate.ts';
import { registerPolicy } from './commands/policy.ts';
import { registerProfile } from './commands/profile.ts';
import { registerRun } from './commands/run.ts';
import { registerRunning } from './commands/running.ts';
import { registerSecret } from './commands/secret.ts';
import { registerServeRegistry } from './commands/serve-registry.ts';
import { registerOffers, registerServer } from './commands/server.ts';
import { registerToken } from './commands/token.ts';
import { generalHelp } from './help.ts';
import { isJsonWanted } from './report-error.ts';
import { version } from './version.ts';

/** The `portolan` command with all its subcommands; each loads its work only when it runs. */
export function createProgram(): Command {
  const program = new Command('portolan')
    .description('The open, signed catalog and gateway for MCP servers.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help of a command')
    .addHelpText('after', generalHelp)
    .showSuggestionAfterError(true)
    .showHelpAfterError(isJsonWanted() ? false : '(portolan --help shows what there is)')
    .configureHelp({ optionDescription: describeOption })
    .configureOutput({
      outputError: (text, write) => {
        // With --json, they become a report at the end.
        if (!isJsonWanted()) write(text.replace(/^error: /, 'portolan: '));
      },
    })
    .exitOverride();
  registerRun(program);
  registerRunning(program);
  registerServeRegistry(program);
  registerBrowse(program);
  registerOffers(program);
  registerServer(program);
  registerProfile(program);
  registerCatalog(program);
  registerSecret(program);
  registerToken(program);
  registerPolicy(program);
  registerClient(program);
  registerMigrate(program);
  registerCompletion(program);
  registerConsole(program);
  return program;
}

/** As commander does, but an empty list is no default worth telling. */
export function describeOption({ description, defaultValue, argChoices }: Option): string {
  const isTold = defaultValue !== undefined && typeof defaultValue !== 'boolean';
  const facts = [
    ...(argChoices ? [`choices: ${argChoices.join(', ')}`] : []),
    ...(isTold && String(defaultValue) !== '' ? [`default: ${defaultValue}`] : []),
  ];
  return facts.length > 0 ? `${description} (${facts.join('; ')})` : description;
}
