import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { PortolanError } from '../../core/errors.ts';
import { withFileLock } from '../../core/file-lock.ts';
import { type HashedToken, hashOfToken } from '../endpoint/guard.ts';
import type { Paths } from '../paths.ts';
import { ensurePrivateFolder, readPrivateFile, writePrivateFile } from '../vault/private-files.ts';

/** A token of this account, without its text, which is shown once and kept by nobody here. */
export interface StoredToken {
  readonly name: string;
  /** SHA-256, hex. A token has 256 random bits, so a slow hash would add nothing. */
  readonly hash: string;
  /** Name or absolute path of the profile that its bearer is served. */
  readonly profile?: string;
  /** ISO 8601. */
  readonly createdAt: string;
}

type Home = Pick<Paths, 'config'>;

/** Where the tokens of an account are kept: a folder of its own, which others cannot enter. */
export function tokensFile({ config }: Home): string {
  return join(config, 'tokens', 'tokens.json');
}

/**
 * The tokens by name; none when there is no file. Throws `malformed` / `TOKENS_MALFORMED` and
 * `forbidden` / `SECRETS_EXPOSED`.
 */
export async function readTokens(paths: Home): Promise<readonly StoredToken[]> {
  const path = tokensFile(paths);
  const text = await readPrivateFile(path);
  return text === undefined ? [] : parse(text, path);
}

/** Makes a token and gives its text. Throws `usage` / `TOKEN_EXISTS` or `TOKEN_NAME`. */
export async function createToken(
  paths: Home,
  { name, profile }: { readonly name: string; readonly profile?: string | undefined },
): Promise<string> {
  if (!isTokenName(name) || name === 'default') {
    const fact =
      name === 'default'
        ? 'the token of the state folder is called so; choose another name'
        : 'letters, digits, ".", "_", "@" and "-", at most 64';
    throw new PortolanError(
      'usage',
      'TOKEN_NAME',
      `${JSON.stringify(name)} is no name of a token: ${fact}`,
    );
  }
  const token = randomBytes(32).toString('base64url');
  await change(paths, (tokens) => {
    if (tokens.some((one) => one.name === name)) {
      throw new PortolanError(
        'usage',
        'TOKEN_EXISTS',
        `there is a token "${name}"; revoke it first (portolan token revoke ${name}), or choose another name`,
      );
    }
    const hash = hashOfToken(token).toString('hex');
    const made = { name, hash, ...(profile && { profile }), createdAt: new Date().toISOString() };
    return [...tokens, made].sort((a, b) => (a.name < b.name ? -1 : 1));
  });
  return token;
}

/** Takes a token back. Throws `usage` / `TOKEN_UNKNOWN`. */
export async function revokeToken(paths: Home, name: string): Promise<void> {
  await change(paths, (tokens) => {
    if (tokens.some((one) => one.name === name)) return tokens.filter((one) => one.name !== name);
    const names = tokens.map((one) => one.name).join(', ');
    throw new PortolanError(
      'usage',
      'TOKEN_UNKNOWN',
      `there is no token "${name}"; there are: ${names || 'none'}`,
    );
  });
}

/** The tokens as the endpoint compares them. */
export function hashedTokens(tokens: readonly StoredToken[]): readonly HashedToken[] {
  return tokens.map(({ name, hash, profile }) => ({
    name,
    hash: Buffer.from(hash, 'hex'),
    ...(profile !== undefined && { profile }),
  }));
}

/** A name that may stand in logs and on command lines. */
export function isTokenName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/.test(text);
}

async function change(
  paths: Home,
  work: (tokens: readonly StoredToken[]) => readonly StoredToken[],
): Promise<void> {
  const path = tokensFile(paths);
  await ensurePrivateFolder(dirname(path));
  await withFileLock(`${path}.lock`, async () => {
    const tokens = work(await readTokens(paths));
    await writePrivateFile(path, `${JSON.stringify({ version: 1, tokens }, undefined, 2)}\n`);
  });
}

function parse(text: string, path: string): readonly StoredToken[] {
  let value: { version?: unknown; tokens?: unknown } | null;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed(path, 'is not JSON');
  }
  if (value?.version !== 1 || !Array.isArray(value.tokens)) {
    throw malformed(path, 'is no list of tokens of version 1');
  }
  const bad = value.tokens.findIndex((one) => !isStored(one));
  if (bad >= 0) throw malformed(path, `tokens[${bad}] lacks a name, a hash or a time`);
  return value.tokens;
}

function isStored(value: unknown): value is StoredToken {
  if (typeof value !== 'object' || value === null) return false;
  const { name, hash, profile, createdAt } = value as Record<string, unknown>;
  return (
    typeof name === 'string' &&
    isTokenName(name) &&
    typeof hash === 'string' &&
    /^[0-9a-f]{64}$/.test(hash) &&
    (profile === undefined || typeof profile === 'string') &&
    typeof createdAt === 'string'
  );
}

function malformed(path: string, fact: string): PortolanError {
  return new PortolanError(
    'malformed',
    'TOKENS_MALFORMED',
    `${path} ${fact}; restore it, or delete it and make new tokens (portolan token create NAME)`,
  );
}
