import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { messageOf, PortolanError } from '../../../core/errors.ts';
import { portolanPaths } from '../../paths.ts';
import { pinnedServer } from '../../profile/pinned-server.ts';
import { profilePlace } from '../../profile/place.ts';
import { scopeIn } from '../../profile/profile-context.ts';
import { type SecretAddress, SHARED } from '../../vault/address.ts';
import { withoutLastNewline } from '../../vault/run-tool.ts';
import { declaredSecret } from '../../vault/scope.ts';
import type { SecretListing } from '../../vault/vault.ts';
import { openCatalogs } from '../catalog-access.ts';
import { askHidden, openUserVault } from '../open-vault.ts';
import { note, print, table } from '../print.ts';
import { chosenContext, type ProfileOptions } from '../profile-options.ts';
import { style } from '../style.ts';
import { suggest } from '../suggest.ts';
import type { SecretCheckOptions, SecretSetOptions } from './secret.ts';

export async function setSecret(
  text: string,
  options: SecretSetOptions,
  more: readonly string[] = [],
): Promise<void> {
  if (text.includes('=') || more.length > 0) throw valueAsArgument(text);
  const address = parseAddress(text, await scopeOf(options));
  const catalogs = await openCatalogs(options, portolanPaths(), note);
  const { entry } = await catalogs.server(address.server);
  // A server is given only what its entry declares, so anything else would lie there unused.
  const declared = declaredSecret(entry, address.name);
  const vault = openUserVault();
  if (options.reference) {
    await vault.setReference(address, options.reference);
  } else {
    await vault.set(address, await valueFrom(options, declared.description));
  }
  const { profile } = address;
  const source = options.reference ? 'reference' : 'vault';
  print(
    options.json,
    { secret: text, profile, source },
    () => `${text} is set for the profile ${profile}`,
  );
}

export async function listSecrets({ json }: { json?: true }): Promise<void> {
  const found = await openUserVault().list();
  print(json, found, () =>
    found.length === 0
      ? 'Nothing is stored.'
      : table(
          found.map(({ address, source, reference }) => [
            `${address.server}.${address.name}`,
            address.profile,
            reference ?? source,
          ]),
        ),
  );
}

export async function removeSecret(
  text: string,
  options: ProfileOptions & { readonly json?: true },
): Promise<void> {
  const address = parseAddress(text, await scopeOf(options));
  const vault = openUserVault();
  const removed = await vault.remove(address);
  const known = removed ? [] : (await vault.list()).map(addressOf);
  print(options.json, { secret: text, profile: address.profile, removed }, () =>
    removed
      ? `${text} is removed`
      : `${text} was not set for the profile ${address.profile}${suggest(text, known)}`,
  );
}

export async function checkSecrets(
  names: readonly string[],
  options: SecretCheckOptions,
): Promise<void> {
  const vault = openUserVault();
  const profile = await chosenContext(options);
  const stored = (await vault.list()).map(({ address }) => address.server);
  const own = profile.servers.length > 0 ? profile.servers : [...new Set(stored)];
  const servers = names.length > 0 ? names : own;
  const catalogs = await openCatalogs(
    { ...options, catalogs: profile.catalogs },
    portolanPaths(),
    note,
  );
  const report = [];
  for (const name of servers) {
    const { entry } = await pinnedServer(catalogs, name, profile);
    const scope = scopeIn(profile, entry.name);
    const secrets = await vault.check(entry, scope, { fetch: options.fetch === true });
    report.push({ server: name, secrets });
  }
  const all = report.flatMap(({ server, secrets }) =>
    secrets.map((secret) => ({ server, secret })),
  );
  print(options.json, report, () =>
    all.length === 0
      ? 'No secrets are needed.'
      : table(
          all.map(({ server, secret }) => [
            `${server}.${secret.name}`,
            secret.origin ??
              (secret.required ? style.bad('MISSING') : style.dim('not set (optional)')),
            secret.problem ?? (secret.origin ? '' : (secret.remedy ?? '')),
          ]),
        ),
  );
  if (all.some(({ secret }) => secret.problem || (secret.required && !secret.origin))) {
    process.exitCode = 1;
  }
}

function addressOf({ address: { server, name } }: SecretListing): string {
  return `${server}.${name}`;
}

/** `*` is what every profile may use. */
async function scopeOf({ profile }: ProfileOptions): Promise<string> {
  if (profile === SHARED) return SHARED;
  return (await profilePlace(profile, portolanPaths())).scope;
}

/** Says so without repeating the value, which must not get into a log as well. */
function valueAsArgument(text: string): PortolanError {
  const [address] = text.split('=');
  return new PortolanError(
    'usage',
    'SECRET_IN_ARGUMENT',
    `a value is no argument: other users can read it while the command runs, and the shell keeps it in its history. Replace the secret where it came from, then set the new one with \`portolan secret set ${address}\`, which asks for it; or use --stdin or --file`,
  );
}

function parseAddress(text: string, profile: string): SecretAddress {
  const [server = '', name = '', ...rest] = text.split('.');
  if (server && name && rest.length === 0) return { profile, server, name };
  throw new PortolanError(
    'usage',
    'SECRET_ADDRESS',
    `${text} is not SERVER.NAME, e.g. tavily.api_key; \`portolan show SERVER\` lists its secrets`,
  );
}

async function valueFrom(options: SecretSetOptions, description: string): Promise<string> {
  if (options.file) {
    try {
      return withoutLastNewline(await readFile(options.file, 'utf8'));
    } catch (error) {
      throw new PortolanError(
        'unreachable',
        'FILE_UNREADABLE',
        `--file ${options.file} cannot be read: ${messageOf(error)}`,
        { cause: error },
      );
    }
  }
  if (options.stdin) return withoutLastNewline(await readAll(process.stdin));
  if (process.stdin.isTTY) return askHidden(description);
  throw new PortolanError(
    'usage',
    'SECRET_VALUE',
    'there is no terminal to ask at; give the value with --stdin or --file',
  );
}
