import { portolanPaths } from '../../paths.ts';
import { existingProfile } from '../../profile/read-profile.ts';
import { createToken, readTokens, revokeToken } from '../../tokens/token-store.ts';
import { note, print, table } from '../print.ts';
import type { TokenCreateOptions } from './token.ts';

export async function create(name: string, { profile, json }: TokenCreateOptions): Promise<void> {
  const paths = portolanPaths();
  const served = profile === undefined ? undefined : await existingProfile(profile, paths);
  const token = await createToken(paths, { name, profile: served });
  // Only the token on stdout, so that a shell can put it where it belongs.
  print(json, { name, ...(served && { profile: served }), token }, () => token);
  if (json) return;
  const what = served ? `the profile ${served}` : 'what a gateway serves';
  note(`this is the token of ${name} for ${what}; it is shown this once`);
}

export async function list({ json }: { json?: true }): Promise<void> {
  const tokens = await readTokens(portolanPaths());
  const known = tokens.map(({ hash: _, ...rest }) => rest);
  print(json, known, () =>
    known.length === 0
      ? 'There is no token. Make one: portolan token create NAME --profile PROFILE'
      : table(
          known.map(({ name, profile, createdAt }) => [
            name,
            profile ? `profile ${profile}` : 'what the gateway serves',
            `since ${createdAt.slice(0, 10)}`,
          ]),
        ),
  );
}

export async function revoke(name: string, { json }: { json?: true }): Promise<void> {
  await revokeToken(portolanPaths(), name);
  print(json, { name, revoked: true }, () => `the token ${name} is revoked`);
}
