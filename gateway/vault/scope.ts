import { createHash } from 'node:crypto';
import type { Secret, ServerEntry } from '../../core/entry/types.generated.ts';
import { messageOf, PortolanError } from '../../core/errors.ts';
import { suggest } from '../cli/suggest.ts';
import { addressKey, environmentName, type SecretAddress, SHARED } from './address.ts';

/** From whose point of view secrets are looked up. */
export interface SecretScope {
  /** Name of the profile. */
  readonly profile: string;
  /** What `--profile` is given on the command line, when it is not the default profile. */
  readonly given?: string;
  /** References that the profile itself names for this server's secrets. */
  readonly references?: Readonly<Record<string, string>>;
}

export type SecretOrigin = 'environment' | 'profile' | 'reference' | 'vault' | 'shared';

/** One declared secret and where its value would come from. */
export interface SecretStatus {
  readonly name: string;
  readonly description: string;
  /** Where to get it. */
  readonly url?: string;
  readonly required: boolean;
  /** Undefined: it is missing. */
  readonly origin: SecretOrigin | undefined;
  /** What to do about a missing one. */
  readonly remedy?: string;
  /** Why it cannot be had although it is set; looked for only with `fetch`. */
  readonly problem?: string;
}

export interface CheckOptions {
  /** Also gets every value: opens the vault and runs password managers, which may ask a person. */
  readonly fetch?: boolean;
}

/** What lookups need of the vault. */
export interface SecretSource {
  readonly get: (address: SecretAddress) => Promise<string | undefined>;
  /** Revisions by address key. */
  readonly revisions: () => Promise<ReadonlyMap<string, string>>;
  readonly resolve: (reference: string) => Promise<string>;
  readonly environment: NodeJS.ProcessEnv;
}

/** Where a secret was found, and its revision there. */
interface Finding {
  readonly origin: SecretOrigin;
  readonly revision: string;
  readonly value: () => Promise<string | undefined>;
}

export async function secretsFor(
  entry: ServerEntry,
  scope: SecretScope,
  source: SecretSource,
): Promise<Readonly<Record<string, string>>> {
  const values: Record<string, string> = {};
  const revisions = await source.revisions();
  for (const { name } of entry.secrets ?? []) {
    const value = await find(entry.name, name, scope, source, revisions)?.value();
    if (value !== undefined) values[name] = value;
  }
  return values;
}

export async function checkSecrets(
  entry: ServerEntry,
  scope: SecretScope,
  source: SecretSource,
  { fetch = false }: CheckOptions = {},
): Promise<readonly SecretStatus[]> {
  const revisions = await source.revisions();
  const statuses = (entry.secrets ?? []).map(async (secret): Promise<SecretStatus> => {
    const found = find(entry.name, secret.name, scope, source, revisions);
    const origin = found?.origin;
    const problem = fetch ? await found?.value().then(() => undefined, messageOf) : undefined;
    return {
      name: secret.name,
      description: secret.description,
      ...(secret.url !== undefined && { url: secret.url }),
      required: secret.required !== false,
      origin,
      ...(origin === undefined && { remedy: remedyOf(entry.name, secret, scope) }),
      ...(problem !== undefined && { problem }),
    };
  });
  return Promise.all(statuses);
}

export async function revisionFor(
  entry: ServerEntry,
  scope: SecretScope,
  source: SecretSource,
): Promise<string> {
  const revisions = await source.revisions();
  const state = (entry.secrets ?? []).map(({ name }) => {
    const found = find(entry.name, name, scope, source, revisions);
    return [name, found?.origin ?? '', found?.revision ?? ''];
  });
  return createHash('sha256').update(JSON.stringify(state)).digest('base64url');
}

/** The secret of an entry by its name. Throws `usage` / `SECRET_UNKNOWN` with the declared names. */
export function declaredSecret(entry: ServerEntry, name: string): Secret {
  const secret = entry.secrets?.find((candidate) => candidate.name === name);
  if (secret) return secret;
  const names = (entry.secrets ?? []).map((candidate) => candidate.name);
  throw new PortolanError(
    'usage',
    'SECRET_UNKNOWN',
    `${entry.name} declares no secret ${JSON.stringify(name)}${suggest(name, names)}; it declares ${names.join(', ') || 'none'}`,
  );
}

/** The nearest wins: this process's environment, the profile, what was set for it, what is shared. */
function find(
  server: string,
  name: string,
  scope: SecretScope,
  source: SecretSource,
  revisions: ReadonlyMap<string, string>,
): Finding | undefined {
  const variable = source.environment[environmentName(server, name)];
  if (variable) return { origin: 'environment', revision: '', value: async () => variable };

  const references = scope.references ?? {};
  const reference = Object.hasOwn(references, name) ? references[name] : undefined;
  if (reference !== undefined) {
    return { origin: 'profile', revision: reference, value: () => source.resolve(reference) };
  }
  for (const profile of [scope.profile, SHARED]) {
    const address = { profile, server, name };
    const revision = revisions.get(addressKey(address));
    if (revision === undefined) continue;
    const kept = revision.startsWith('reference') ? 'reference' : 'vault';
    const origin = profile === SHARED ? 'shared' : kept;
    return { origin, revision, value: () => source.get(address) };
  }
  return undefined;
}

function remedyOf(server: string, { name, url }: Secret, { given }: SecretScope): string {
  const where = url === undefined ? '' : `get it from ${url}, then `;
  const profile = given === undefined ? '' : ` --profile ${given}`;
  return `${where}run \`portolan secret set ${server}.${name}${profile}\` or set ${environmentName(server, name)}`;
}
