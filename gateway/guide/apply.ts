import type { LockedServer, ProfileServer } from '../../core/entry/types.generated.ts';
import type { Launch } from '../clients/client.ts';
import { connectClient } from '../clients/connect.ts';
import type { Target } from '../clients/target.ts';
import type { Paths } from '../paths.ts';
import { removeProfile, setServer } from '../profile/change-profile.ts';
import type { ProfilePlace } from '../profile/place.ts';
import type { Vault } from '../vault/vault.ts';

/** What was chosen; a part is absent where there is nothing to do. */
export interface Choices {
  readonly place: ProfilePlace;
  /** There was no such profile before. */
  readonly newProfile: boolean;
  readonly addition?: {
    readonly name: string;
    readonly value: ProfileServer;
    readonly locked: LockedServer;
    readonly secrets: readonly { readonly name: string; readonly value: string }[];
  };
  readonly client?: { readonly target: Target; readonly launch: Launch };
}

/**
 * Does what was chosen: secrets, profile, client. When a part fails, or its passphrase is refused,
 * the parts before it are taken back. Throws what they throw.
 */
export async function applyChoices(
  { place, newProfile, addition, client }: Choices,
  { paths, vault }: { readonly paths: Paths; readonly vault: Pick<Vault, 'set' | 'remove'> },
): Promise<void> {
  const undo: (() => Promise<unknown>)[] = [];
  try {
    for (const { name, value } of addition?.secrets ?? []) {
      const address = { profile: place.scope, server: addition?.name ?? '', name };
      await vault.set(address, value);
      undo.push(() => vault.remove(address));
    }
    if (addition) {
      const { name, value, locked } = addition;
      undo.push(() =>
        newProfile
          ? removeProfile(place, paths)
          : setServer(place, paths, addition.name, undefined),
      );
      await setServer(place, paths, name, value, locked);
    }
    if (client) await connectClient(client.target, client.launch);
  } catch (error) {
    // What cannot be taken back either is less than the reason for it.
    for (const step of undo.reverse()) await step().catch(() => {});
    throw error;
  }
}
