import type { Command } from 'commander';
import { type CatalogOptions, collect, withCatalogOptions } from '../catalog-access.ts';
import type { ProfileOptions } from '../profile-options.ts';

export interface SecretSetOptions extends CatalogOptions, ProfileOptions {
  readonly stdin?: true;
  readonly file?: string;
  readonly reference?: string;
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
  withCatalogOptions(secret.command('set').argument('<server.name>', 'e.g. tavily.api_key'))
    .description('Sets a secret that the entry of a server declares.')
    .option('--stdin', 'read the value from stdin')
    .option('--file <file>', 'read the value from a file')
    .option(
      '--reference <uri>',
      'keep a reference to a password manager, e.g. op://vault/item/field',
    )
    .option(PROFILE, "only for this profile; '*' for every profile; the current one when absent")
    .action(async (address: string, options: SecretSetOptions) =>
      (await actions()).setSecret(address, options),
    );
  secret
    .command('ls')
    .description('Lists what is stored, without values.')
    .option('--json', 'print JSON')
    .action(async (options: { json?: true }) => (await actions()).listSecrets(options));
  secret
    .command('rm')
    .argument('<server.name>', 'e.g. tavily.api_key')
    .description('Removes a stored secret.')
    .option(PROFILE, "of this profile; '*' for that of every profile; the current one when absent")
    .action(async (address: string, options: ProfileOptions) =>
      (await actions()).removeSecret(address, options),
    );
  withCatalogOptions(
    secret
      .command('check')
      .argument('[servers...]', 'names of servers; those of the profile when absent'),
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
  withCatalogOptions(auth.command('login').argument('<server>', 'name of a remote server'))
    .description('Opens the browser to sign in; --headless when there is none on this machine.')
    .option('--headless', 'open no browser, paste the address that it was sent back to')
    .option('--client-id <id>', 'client id that you registered with the publisher')
    .option('--scope <name>', 'scope to ask for (repeatable)', collect)
    .action(async (server: string, options: LoginCommandOptions) =>
      (await authActions()).login(server, options),
    );
  auth
    .command('ls')
    .description('Lists the sign-ins, without tokens.')
    .option('--json', 'print JSON')
    .action(async (options: { json?: true }) => (await authActions()).listSignIns(options));
  withCatalogOptions(auth.command('logout').argument('<server>', 'name of a remote server'))
    .description('Revokes and forgets a sign-in.')
    .action(async (server: string, options: CatalogOptions) =>
      (await authActions()).logout(server, options),
    );
}

export interface LoginCommandOptions extends CatalogOptions {
  readonly headless?: true;
  readonly clientId?: string;
  readonly scope?: readonly string[];
}
