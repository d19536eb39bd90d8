import type { ServerEntry } from '../../../core/entry/types.generated.ts';
import { PortolanError } from '../../../core/errors.ts';
import type { SignInInfo } from '../../oauth/authorizer.ts';
import { canonicalServer } from '../../oauth/discover.ts';
import { signInTarget } from '../../oauth/sign-in-target.ts';
import { pinnedServer } from '../../profile/pinned-server.ts';
import { type ProfileContext, scopeIn } from '../../profile/profile-context.ts';
import type { SecretAddress } from '../../vault/address.ts';
import { SHARED } from '../../vault/address.ts';
import { declaredSecret, type SecretStatus } from '../../vault/scope.ts';
import { type ConsoleContext, catalogsIfAny } from '../context.ts';
import { profileInUse } from '../profile-in-use.ts';
import { type ApiRequest, flagIn, get, optionalTextIn, post, textIn } from '../route.ts';

export const secretsRoutes = [
  get('/api/secrets', list),
  post('/api/secrets/:server/:name', set),
  post('/api/secrets/:server/:name/remove', remove),
];

export type SecretList = Awaited<ReturnType<typeof list>>;

/** A server that needs credentials, with what of them is there. Never a value. */
export interface ServerSecrets {
  readonly name: string;
  readonly title: string;
  readonly inProfile: boolean;
  readonly secrets: readonly SecretStatus[];
  readonly signIn?: SignInStatus;
  /** Why its entry cannot be had. */
  readonly problem?: string;
}

export interface SignInStatus {
  readonly required: boolean;
  /** The user registers a client with the publisher. */
  readonly manual: boolean;
  readonly info?: SignInInfo;
}

/** The servers of the profile that need something, and those that have something. */
async function list({ query }: ApiRequest, context: ConsoleContext) {
  const { place, profile } = await profileInUse(context, query.get('profile') ?? undefined);
  const stored = await context.vault.list();
  const signIns = await signInsIfOpen(context);
  const catalogs = await catalogsIfAny(context);
  const names = new Set([
    ...profile.servers,
    ...stored.map(({ address }) => address.server),
    ...(await signedInNames(context, signIns.found)),
  ]);
  const servers = await Promise.all(
    [...names].sort().map(async (name): Promise<ServerSecrets> => {
      const inProfile = profile.servers.includes(name);
      const row = { name, title: name, inProfile, secrets: [] };
      if (!catalogs) return { ...row, problem: 'no catalog is set up' };
      try {
        const { entry } = await pinnedServer(catalogs, name, profile);
        return { ...row, ...(await statusOf(entry, context, profile, signIns.found)) };
      } catch (error) {
        if (!(error instanceof PortolanError)) throw error;
        return { ...row, problem: error.message };
      }
    }),
  );
  const key = await context.vault.keyHeader();
  return {
    profile: place.name,
    /** Where the key of the vault is; undefined before the first secret. */
    vault: key && (key.kind === 'keychain' ? key.keychain : 'a passphrase'),
    /** The vault is locked, so it is not known who is signed in. */
    locked: signIns.locked,
    servers: servers.filter(
      ({ secrets, signIn, problem }) => secrets.length > 0 || signIn || problem,
    ),
  };
}

/** What a server needs and has, as a profile sees it. */
export async function statusOf(
  entry: ServerEntry,
  context: ConsoleContext,
  profile: ProfileContext,
  signIns: readonly SignInInfo[],
): Promise<Pick<ServerSecrets, 'title' | 'secrets' | 'signIn'>> {
  const secrets = await context.vault.check(entry, scopeIn(profile, entry.name));
  const { oauth } = entry.remote ?? {};
  if (!oauth) return { title: entry.title, secrets };
  const server = canonicalServer(new URL(signInTarget(entry).url));
  const info = signIns.find((one) => one.server === server);
  return {
    title: entry.title,
    secrets,
    signIn: {
      required: oauth.required !== false,
      manual: oauth.registration === 'manual',
      ...(info && { info }),
    },
  };
}

/** Sign-ins, when the vault can be opened without asking. */
export async function signInsIfOpen(
  context: ConsoleContext,
): Promise<{ readonly found: readonly SignInInfo[]; readonly locked: boolean }> {
  try {
    return { found: await context.authorizer.list(), locked: false };
  } catch (error) {
    const isLocked =
      error instanceof PortolanError && /^VAULT_(LOCKED|KEY_WRONG)$/.test(error.code);
    if (!isLocked) throw error;
    return { found: [], locked: true };
  }
}

/** Servers of the catalogs that somebody is signed in to. */
async function signedInNames(
  context: ConsoleContext,
  signIns: readonly SignInInfo[],
): Promise<readonly string[]> {
  if (signIns.length === 0) return [];
  const catalogs = await catalogsIfAny(context);
  const candidates = (catalogs?.all() ?? []).filter(
    ({ server: { summary, versions } }) =>
      summary.signIn === 'oauth' && versions[0]?.status !== 'withdrawn',
  );
  const wanted = new Set(signIns.map(({ server }) => server));
  const names = candidates.map(async ({ server: { name } }) => {
    try {
      const { entry } = await (await context.catalogs()).server(name);
      return wanted.has(canonicalServer(new URL(signInTarget(entry).url))) ? [name] : [];
    } catch (error) {
      if (error instanceof PortolanError) return [];
      throw error;
    }
  });
  return (await Promise.all(names)).flat();
}

/** Keeps a value that was typed once, or a reference to a password manager. */
async function set({ params, body }: ApiRequest, context: ConsoleContext): Promise<void> {
  const address = await addressOf(params, body, context);
  const { entry } = await (await context.catalogs()).server(address.server);
  declaredSecret(entry, address.name);
  const reference = optionalTextIn(body, 'reference');
  if (reference) await context.vault.setReference(address, reference);
  else await context.vault.set(address, textIn(body, 'value'));
  context.changed('secrets');
}

async function remove({ params, body }: ApiRequest, context: ConsoleContext): Promise<void> {
  await context.vault.remove(await addressOf(params, body, context));
  context.changed('secrets');
}

async function addressOf(
  { server = '', name = '' }: ApiRequest['params'],
  body: ApiRequest['body'],
  context: ConsoleContext,
): Promise<SecretAddress> {
  if (flagIn(body, 'shared')) return { profile: SHARED, server, name };
  const { place } = await profileInUse(context, optionalTextIn(body, 'profile'));
  return { profile: place.scope, server, name };
}
