import type { LockedServer, ProfileServer } from '../../core/entry/types.generated.ts';
import type { SecretScope } from '../vault/scope.ts';

/** The profile that is used when none is named and none was chosen. */
export const DEFAULT_PROFILE = 'default';

/** True for the name of a profile of the user's own; a path is none. */
export function isProfileName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text) && !/\.ya?ml$/i.test(text);
}

/** What a profile says of the servers that are served or looked at. */
export interface ProfileContext {
  /** As people call it. */
  readonly name: string;
  /** Under which name the vault keeps its secrets. */
  readonly scope: string;
  /** Names of its servers. */
  readonly servers: readonly string[];
  /** Names of the catalogs that it takes servers from; all when absent. */
  readonly catalogs?: readonly string[] | undefined;
  server(name: string): ProfileServer | undefined;
  locked(name: string): LockedServer | undefined;
}

/** The context of what is used without any profile. */
export const NO_PROFILE: ProfileContext = {
  name: DEFAULT_PROFILE,
  scope: DEFAULT_PROFILE,
  servers: [],
  server: () => undefined,
  locked: () => undefined,
};

/** From whose point of view the secrets of a server are looked up. */
export function scopeIn(profile: ProfileContext, server: string): SecretScope {
  const references = profile.server(server)?.secrets;
  return {
    profile: profile.scope,
    ...(profile.name !== DEFAULT_PROFILE && { given: profile.name }),
    ...(references && { references }),
  };
}
