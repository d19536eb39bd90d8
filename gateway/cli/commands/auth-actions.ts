import { text as askText, isCancel } from '@clack/prompts';
import { PortolanError } from '../../../core/errors.ts';
import { forgetLists } from '../../compose/keep-lists.ts';
import { type Authorizer, createAuthorizer } from '../../oauth/authorizer.ts';
import { signInTarget } from '../../oauth/sign-in-target.ts';
import { portolanPaths } from '../../paths.ts';
import { type CatalogOptions, openCatalogs } from '../catalog-access.ts';
import { askHidden, openUserVault } from '../open-vault.ts';
import { note, print, table } from '../print.ts';
import type { LoginCommandOptions, LogoutCommandOptions } from './secret.ts';

export async function login(name: string, options: LoginCommandOptions): Promise<void> {
  const { url, scopes } = await remoteOf(name, options);
  const wanted = options.scope ?? scopes;
  const info = await authorizer().login(url, {
    headless: options.headless === true,
    ...(wanted ? { scopes: wanted } : {}),
    ...(options.clientId ? { client: await ownClient(options.clientId) } : {}),
    onUrl: (address) => note(`sign in at:\n  ${address}`),
  });
  // Another account may be offered other tools.
  await forgetLists(portolanPaths(), [name]);
  print(options.json, info, () => `Signed in to ${name} (${info.issuer})`);
}

export async function listSignIns({ json }: { json?: true }): Promise<void> {
  const found = await authorizer().list();
  print(json, found, () =>
    found.length === 0
      ? 'No sign-ins yet: portolan auth login SERVER'
      : table(
          found.map(({ server, issuer, expiresAt, renewable }) => [
            server,
            issuer,
            renewable
              ? 'renewed by itself'
              : expiresAt
                ? `until ${new Date(expiresAt).toISOString()}`
                : '',
          ]),
        ),
  );
}

export async function logout(name: string, options: LogoutCommandOptions): Promise<void> {
  const { url } = await remoteOf(name, options);
  const { found, revoked } = await authorizer().logout(url);
  await forgetLists(portolanPaths(), [name]);
  print(options.json, { server: name, found, revoked }, () => {
    if (!found) return `There was no sign-in to ${name}.`;
    return revoked
      ? `Signed out of ${name}; its tokens are revoked.`
      : `Signed out of ${name}; its authorization server did not confirm that the tokens are revoked, so they may work until they expire.`;
  });
}

/** A client that the user registered; its secret, if it has one, is asked for at a terminal. */
async function ownClient(id: string) {
  const secret = process.stdin.isTTY ? await askHidden('Client secret (empty if it has none)') : '';
  return secret ? { id, secret } : { id };
}

function authorizer(): Authorizer {
  return createAuthorizer({
    vault: openUserVault(),
    ...(process.stdin.isTTY
      ? {
          prompt: async (_question, signal) => {
            const answer = await askText({
              message: 'Or paste the address that the browser was sent back to',
              output: process.stderr,
              signal,
            });
            if (isCancel(answer)) throw new PortolanError('forbidden', 'CANCELLED', 'cancelled');
            return answer;
          },
        }
      : {}),
  });
}

async function remoteOf(name: string, options: CatalogOptions) {
  const catalogs = await openCatalogs(options, portolanPaths(), note);
  return signInTarget((await catalogs.server(name)).entry);
}
