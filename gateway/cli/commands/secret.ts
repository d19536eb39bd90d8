import type { Command } from 'commander';
import { type CatalogOptions, collect, withCatalogOptions } from '../catalog-access.ts';
import { withHelp } from '../help.ts';
import type { ProfileOptions } from '../profile-options.ts';

export interface SecretSetOptions extends CatalogOptions, ProfileOptions {
  readonly stdin?: true;
  readonly file?: string;
  readonly reference?: string;
  readonly json?: true;
}

export interface SecretCheckOptions extends CatalogOptions, ProfileOptions {
  readonly fetch?: true;
  readonly json?: true;
}

const PROFILE = '--profile <name|path>';

/** `portolan secret` and `portolan auth`: credentials, handled once. */
export function registerSecret(program: Command): void {
  const actions = () => import('./secret-actions.ts');
  const secret = program
    .command('secret')
    .summary('credentials of servers, kept in an encrypted vault')
    .description(
      'Keeps the credentials of servers in an encrypted vault. A value comes from a prompt without echo, from stdin or from a file, never from an argument.',
    );
  withHelp(
    withCatalogOptions(secret.command('set').argument('<server.name>', 'e.g. tavily.api_key')),
    {
      examples: [
        ['Be asked for it, without echo', 'portolan secret set tavily.api_key'],
        [
          'Take it from another program',
          'pass show tavily | portolan secret set tavily.api_key --stdin',
        ],
        [
          'Leave it in a password manager',
          'portolan secret set tavily.api_key --reference op://Private/tavily/key',
        ],
      ],
    },
  )
    .description('Sets a secret that the entry of a server declares.')
    .option('--stdin', 'read the value from stdin')
    .option('--file <file>', 'read the value from a file')
    .option(
      '--reference <uri>',
      'keep a reference to a password manager, e.g. op://vault/item/field',
    )
    .option(PROFILE, "only for this profile; '*' for every profile; the current one when absent")
    .option('--json', 'print JSON')
    // A value that was typed as an argument is refused without being repeated.
    .allowExcessArguments(true)
    .action(async (address: string, options: SecretSetOptions, command: Command) =>
      (await actions()).setSecret(address, options, command.args.slice(1)),
    );
  withHelp(secret.command('ls'), { examples: [['See what is stored', 'portolan secret ls']] })
    .description('Lists what is stored, without values.')
    .option('--json', 'print JSON')
    .action(async (options: { json?: true }) => (await actions()).listSecrets(options));
  withHelp(secret.command('rm'), {
    examples: [['Remove one', 'portolan secret rm tavily.api_key']],
  })
    .argument('<server.name>', 'e.g. tavily.api_key')
    .description('Removes a stored secret.')
    .option(PROFILE, "of this profile; '*' for that of every profile; the current one when absent")
    .option('--json', 'print JSON')
    .action(async (address: string, options: ProfileOptions & { json?: true }) =>
      (await actions()).removeSecret(address, options),
    );
  withHelp(
    withCatalogOptions(
      secret
        .command('check')
        .argument('[servers...]', 'names of servers; those of the profile when absent'),
    ),
    {
      examples: [
        ['Before a client finds out', 'portolan secret check tavily notion'],
        ['Try every value as well', 'portolan secret check --fetch'],
      ],
      exits: { 1: 'a secret is missing or cannot be had' },
    },
  )
    .description('Says which secrets servers need and which are missing. Exit code 1 when one is.')
    .option(PROFILE, 'as this profile sees them; the current one when absent')
    .option('--fetch', 'also get every value, which may ask you for a passphrase')
    .option('--json', 'print JSON')
    .action(async (servers: string[], options: SecretCheckOptions) =>
      (await actions()).checkSecrets(servers, options),
    );

  const auth = program
    .command('auth')
    .summary('sign in to remote servers with OAuth')
    .description('Signs in to remote servers. Tokens stay in the vault and are renewed in time.');
  const authActions = () => import('./auth-actions.ts');
  withHelp(
    withCatalogOptions(auth.command('login').argument('<server>', 'name of a remote server')),
    {
      examples: [
        ['Sign in with the browser', 'portolan auth login linear'],
        ['On a machine without one', 'portolan auth login linear --headless'],
      ],
    },
  )
    .description('Opens the browser to sign in; --headless when there is none on this machine.')
    .option('--headless', 'open no browser, paste the address that it was sent back to')
    .option('--client-id <id>', 'client id that you registered with the publisher')
    .option('--scope <name>', 'scope to ask for (repeatable)', collect)
    .option('--json', 'print JSON')
    .action(async (server: string, options: LoginCommandOptions) =>
      (await authActions()).login(server, options),
    );
  withHelp(auth.command('ls'), { examples: [['See who you are signed in to', 'portolan auth ls']] })
    .description('Lists the sign-ins, without tokens.')
    .option('--json', 'print JSON')
    .action(async (options: { json?: true }) => (await authActions()).listSignIns(options));
  withHelp(
    withCatalogOptions(auth.command('logout').argument('<server>', 'name of a remote server')),
    { examples: [['Sign out', 'portolan auth logout linear']] },
  )
    .description('Revokes and forgets a sign-in.')
    .option('--json', 'print JSON')
    .action(async (server: string, options: LogoutCommandOptions) =>
      (await authActions()).logout(server, options),
    );
}

export interface LoginCommandOptions extends CatalogOptions {
  readonly headless?: true;
  readonly clientId?: string;
  readonly scope?: readonly string[];
  readonly json?: true;
}

export interface LogoutCommandOptions extends CatalogOptions {
  readonly json?: true;
}
