import type { VerifiedServer } from '../../core/catalog/read-server.ts';
import { type PermissionDiff, permissionDiff } from '../../core/entry/permission-diff.ts';
import { parameterFault } from '../../core/entry/resolve.ts';
import type { LockedServer, ProfileServer, ServerEntry } from '../../core/entry/types.generated.ts';
import { PortolanError } from '../../core/errors.ts';
import type { CatalogSet } from '../catalog/catalog-set.ts';
import { suggest } from '../cli/suggest.ts';
import { policyError, refusalOfServer } from '../policy/decide.ts';
import type { Policies } from '../policy/load-policy.ts';
import type { SecretStatus } from '../vault/scope.ts';
import type { Vault } from '../vault/vault.ts';
import { lockServer } from './lock-server.ts';
import { NO_PROFILE, type ProfileContext, scopeIn } from './profile-context.ts';
import { typedParameters } from './settings.ts';

/** What adding a server would mean; nothing is changed yet. */
export interface Addition {
  readonly server: VerifiedServer;
  readonly locked: LockedServer;
  /** What goes into the profile. */
  readonly value: ProfileServer;
  /** Everything that the server may do: all of it is more than nothing. */
  readonly permissions: PermissionDiff;
  /** Required parameters without a value. */
  readonly missingParameters: readonly { readonly name: string; readonly description: string }[];
  readonly missingSecrets: readonly SecretStatus[];
  /** It is signed in to before its first call. */
  readonly signIn: boolean;
  /** Names of the signed tools; undefined when they are listed live. */
  readonly tools: readonly string[] | undefined;
}

/**
 * Finds and verifies a server (NAME or NAME@VERSION) and says what adding it would mean. `texts` are
 * parameters as the command line has them. Throws what the catalog throws, `usage` with
 * `SETTING_UNKNOWN`, `SETTING_INVALID` or `SECRET_IN_ARGUMENT`, and `forbidden` / `POLICY_REFUSED`.
 */
export async function planAddition(
  text: string,
  {
    catalogs,
    vault,
    profile = NO_PROFILE,
    texts = new Map(),
    policies,
  }: {
    readonly catalogs: CatalogSet;
    readonly vault: Pick<Vault, 'check'>;
    readonly profile?: ProfileContext;
    readonly texts?: ReadonlyMap<string, string>;
    /** What they refuse by name, catalog or signer is not added: it would never be served. */
    readonly policies: Policies;
  },
): Promise<Addition> {
  const [name = '', version] = text.split('@');
  const server = await catalogs.server(name, version);
  const { entry, tools } = server;
  const { source } = catalogs.catalogOf(name);
  const { signer } = server.evidence;
  const refusal = refusalOfServer(policies, entry.name, { source, signer });
  if (refusal) throw policyError(refusal);
  const parameters = checkedParameters(entry, texts);
  const statuses = await vault.check(entry, scopeIn(profile, entry.name));
  return {
    server,
    locked: await lockServer(server, catalogs.catalogOf(name)),
    value: {
      ...(version !== undefined && { version }),
      ...(Object.keys(parameters).length > 0 && { parameters }),
    },
    permissions: permissionDiff(undefined, entry),
    missingParameters: missingParameters(entry, parameters),
    missingSecrets: statuses.filter(({ required, origin }) => required && origin === undefined),
    signIn: entry.remote?.oauth !== undefined && entry.remote.oauth.required !== false,
    tools: tools?.tools.map((tool) => tool.name),
  };
}

/** Parameters that the entry requires, and that have neither a value nor a default. */
export function missingParameters(
  { parameters }: ServerEntry,
  given: NonNullable<ProfileServer['parameters']>,
): readonly { readonly name: string; readonly description: string }[] {
  return (parameters?.required ?? []).flatMap((name) => {
    const parameter = parameters?.properties[name];
    const isSet = Object.hasOwn(given, name) || parameter?.default !== undefined;
    return isSet ? [] : [{ name, description: parameter?.description ?? '' }];
  });
}

/** Texts of the command line as the values that the entry declares. */
export function checkedParameters(
  entry: ServerEntry,
  texts: ReadonlyMap<string, string>,
): NonNullable<ProfileServer['parameters']> {
  const declared = entry.parameters?.properties ?? {};
  for (const name of texts.keys()) {
    if (Object.hasOwn(declared, name)) continue;
    if (entry.secrets?.some((secret) => secret.name === name)) {
      throw new PortolanError(
        'usage',
        'SECRET_IN_ARGUMENT',
        `${entry.name}.${name} is a secret and does not belong into a profile; portolan secret set ${entry.name}.${name}`,
      );
    }
    const known = Object.keys(declared);
    throw new PortolanError(
      'usage',
      'SETTING_UNKNOWN',
      `${entry.name} has no parameter "${name}"${suggest(name, known)}; it has ${known.join(', ') || 'none'}`,
    );
  }
  const values = typedParameters(entry, texts) as NonNullable<ProfileServer['parameters']>;
  for (const [name, value] of Object.entries(values)) {
    const parameter = declared[name];
    const fault = parameter && parameterFault(parameter, value);
    if (fault) {
      throw new PortolanError(
        'usage',
        'SETTING_INVALID',
        `${entry.name}.${name} ${fault}; it means: ${parameter.description}`,
      );
    }
  }
  return values;
}
