import { dirname } from 'node:path';
import { messageOf } from '../../core/errors.ts';
import type { HashedToken } from '../endpoint/guard.ts';
import type { Paths } from '../paths.ts';
import { watchFiles } from '../profile/watch-files.ts';
import { ensurePrivateFolder } from '../vault/private-files.ts';
import { hashedTokens, readTokens, tokensFile } from './token-store.ts';

/** The tokens of the account while a gateway runs. */
export interface FollowedTokens {
  current(): readonly HashedToken[];
  close(): void;
}

/**
 * Reads the tokens of the account, and again after each change, so that a new one lets in at once and
 * a revoked one no longer. A file that cannot be read later lets nobody in: it may have been changed
 * to take tokens back. Throws what readTokens throws at the start.
 */
export async function followTokens(options: {
  readonly paths: Paths;
  /** Names of tokens of the command line, which win. */
  readonly taken: readonly string[];
  /** After a change; `gone` are the names that were revoked or stand for something else now. */
  readonly onChange: (gone: readonly string[]) => void;
  readonly log: (line: string) => void;
}): Promise<FollowedTokens> {
  const { paths, taken, onChange, log } = options;
  const read = async () => {
    const all = hashedTokens(await readTokens(paths));
    for (const { name } of all) {
      if (taken.includes(name)) log(`the token "${name}" of --token stands for the one kept here`);
    }
    return all.filter(({ name }) => !taken.includes(name));
  };
  let tokens = await read();
  let queue = Promise.resolve();
  const reload = async () => {
    const now = await read().catch((error: unknown) => {
      log(`no kept token lets in any more: ${messageOf(error)}`);
      return [];
    });
    const same = (one: HashedToken) => now.some((other) => isSame(one, other));
    const gone = tokens.filter((one) => !same(one)).map(({ name }) => name);
    if (gone.length === 0 && now.length === tokens.length) return;
    tokens = now;
    log(`tokens: ${tokens.map(({ name }) => name).join(', ') || 'none'}`);
    onChange(gone);
  };
  await ensurePrivateFolder(dirname(tokensFile(paths)));
  const unwatch = await watchFiles(
    [tokensFile(paths)],
    () => {
      queue = queue.then(reload);
    },
    (error) => log(`changed tokens are not noticed until the next start: ${messageOf(error)}`),
  );
  // What changed between reading and watching.
  queue = queue.then(reload);
  return { current: () => tokens, close: unwatch };
}

function isSame(one: HashedToken, other: HashedToken): boolean {
  return one.name === other.name && one.profile === other.profile && one.hash.equals(other.hash);
}
