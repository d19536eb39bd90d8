import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { parseEntry } from '../../core/entry/parse.ts';
import type { ServerEntry } from '../../core/entry/types.generated.ts';

/** A folder that goes away with the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'portolan-vault-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A small program in a folder; returns its path. */
export async function program(folder: string, name: string, source: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!${process.execPath}\n${source}`);
  await chmod(path, 0o755);
  return path;
}

const KEYCHAIN = 'docker-credential-tests';

const HELPER = `#!/bin/sh
input=$(cat)
file="$0.$(printf %s "$input" | sed 's#.*/vault/\\([0-9a-f]*\\).*#\\1#')"
case "$1" in
  store) printf %s "$input" > "$file" ;;
  get) cat "$file" 2>/dev/null || { echo 'credentials not found in native keychain'; exit 1; } ;;
  erase) rm -f "$file" ;;
  list) echo '{}' ;;
esac
`;

/**
 * Puts a docker-credential helper into a folder. A vault with it opens at once, where
 * a passphrase costs what it must cost an attacker.
 */
export async function addKeychain(folder: string): Promise<void> {
  await writeFile(join(folder, KEYCHAIN), HELPER, { mode: 0o755 });
}

/** Options of a vault that uses the helper of a folder. */
export function keychainIn(folder: string) {
  const environment: NodeJS.ProcessEnv = {
    PATH: [folder, process.env.PATH].join(delimiter),
  };
  return { keychain: KEYCHAIN, environment };
}

/** A valid entry with the given secrets. */
export function entryWith(
  name: string,
  secrets: readonly { name: string; required?: boolean; url?: string }[],
): ServerEntry {
  const entry = {
    name,
    version: '1.0.0',
    title: name,
    description: 'A server of the tests.',
    categories: ['testing'],
    license: 'MIT',
    publisher: { name: 'Tests', url: 'https://example.com' },
    links: { source: 'https://example.com/source' },
    remote: { transport: 'streamable-http', url: 'https://example.com/mcp' },
    secrets: secrets.map((secret) => ({ description: 'A token of the tests.', ...secret })),
    tools: { dynamic: 'They depend on the account.' },
  };
  return parseEntry(new TextEncoder().encode(JSON.stringify(entry)), `entry ${name}`);
}

export const NO_ENVIRONMENT: NodeJS.ProcessEnv = { PATH: process.env.PATH ?? '' };
