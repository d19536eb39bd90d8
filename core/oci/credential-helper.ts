import { execFile } from 'node:child_process';
import { hasErrno, PortolanError } from '../errors.ts';
import type { Credentials } from './credentials.ts';

/** Runs a credential helper with a key on its stdin; `ok` is false when it ended with an error. */
export type RunHelper = (
  program: string,
  input: string,
) => Promise<{ stdout: string; ok: boolean }>;

const HELPER_MS = 30_000;

/** Asks `docker-credential-HELPER` for a key; undefined when it has nothing there. */
export async function askHelper(
  helper: string,
  key: string,
  runHelper: RunHelper,
): Promise<Credentials | undefined> {
  const program = `docker-credential-${helper}`;
  const { stdout, ok } = await runHelper(program, key);
  if (!ok) {
    // The helpers' protocol says "not found" in words, on stdout.
    if (/credentials not found|no credentials server url/i.test(stdout)) return undefined;
    throw helperFailed(program, key, 'failed');
  }
  let answer: unknown;
  try {
    answer = JSON.parse(stdout);
  } catch {
    throw helperFailed(program, key, 'answered something that is not JSON');
  }
  const { Username: username, Secret: secret } = Object(answer) as Record<string, unknown>;
  if (typeof username !== 'string' || typeof secret !== 'string') {
    throw helperFailed(program, key, 'answered without Username and Secret');
  }
  if (secret === '') return undefined;
  return username === '<token>'
    ? { kind: 'identity', refreshToken: secret }
    : { kind: 'password', username, password: secret };
}

/** Runs the program from the PATH, without a shell. */
export function execHelper(
  program: string,
  input: string,
): Promise<{ stdout: string; ok: boolean }> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      ['get'],
      { timeout: HELPER_MS, maxBuffer: 2 ** 20, windowsHide: true, encoding: 'utf8' },
      (error, stdout) => {
        if (error && hasErrno(error, 'ENOENT')) {
          reject(helperFailed(program, input, 'is not on the PATH'));
        } else {
          resolve({ stdout, ok: !error });
        }
      },
    );
    // A helper that exits without reading its stdin is its own affair, not a crash of ours.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

function helperFailed(program: string, key: string, fact: string): PortolanError {
  return new PortolanError(
    'failed',
    'CREDENTIAL_HELPER_FAILED',
    `${program} ${fact} when asked for ${key}; run \`echo ${key} | ${program} get\` to see why, or log in again`,
  );
}
