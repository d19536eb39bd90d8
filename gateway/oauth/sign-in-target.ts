import { resolveEntry } from '../../core/entry/resolve.ts';
import type { ServerEntry } from '../../core/entry/types.generated.ts';
import { PortolanError } from '../../core/errors.ts';

/** Where a sign-in to a remote server begins. */
export interface SignInTarget {
  readonly url: string;
  /** Scopes that the entry names. */
  readonly scopes: readonly string[] | undefined;
}

/**
 * The endpoint of a remote server, and the scopes that its entry names. Throws `usage` /
 * `SIGN_IN_UNUSED` for a server without sign-in, and `SETTING_MISSING`.
 */
export function signInTarget(entry: ServerEntry): SignInTarget {
  const { name } = entry;
  if (!entry.remote?.oauth) {
    throw new PortolanError(
      'usage',
      'SIGN_IN_UNUSED',
      `${name} has no sign-in: ${entry.remote ? 'its endpoint takes none' : 'it runs on this machine'}; \`portolan show ${name}\` says what it needs`,
    );
  }
  const placeholders = (entry.secrets ?? []).map((secret) => [secret.name, 'unused']);
  const { url } = resolveEntry(entry, {
    parameters: {},
    secrets: Object.fromEntries(placeholders),
  });
  if (!url) {
    throw new PortolanError(
      'usage',
      'SETTING_MISSING',
      `${name}: its URL has a parameter that is not set`,
    );
  }
  return { url, scopes: entry.remote.oauth.scopes };
}
