import { randomBytes } from 'node:crypto';
import { chmod, readFile } from 'node:fs/promises';
import { hasErrno, PortolanError } from '../../core/errors.ts';
import { writeFileAtomic } from '../../core/files.ts';

/**
 * The bearer token in a file; a new one of 256 bits is written when the file is missing.
 * Throws `malformed` / `TOKEN_WEAK` for a token that can be guessed.
 */
export async function tokenIn(path: string): Promise<string> {
  try {
    const token = (await readFile(path, 'utf8')).trim();
    if (token.length < 24) {
      throw new PortolanError(
        'malformed',
        'TOKEN_WEAK',
        `${path} holds a token of ${token.length} characters; use at least 24 random ones, or delete the file to get a new token`,
      );
    }
    try {
      await chmod(path, 0o600);
    } catch (error) {
      // A mounted secret belongs to whoever mounted it, who says who may read it.
      if (!['EROFS', 'EPERM'].some((code) => hasErrno(error, code))) throw error;
    }
    return token;
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error;
  }
  const token = randomBytes(32).toString('base64url');
  await writeFileAtomic(path, `${token}\n`, { mode: 0o600 });
  return token;
}
