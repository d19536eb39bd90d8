import { spawnSync } from 'node:child_process';

/** System parts that some tests use when the machine has them; .ci/run installs all of them. */
export type Part =
  | 'podman'
  | 'bwrap'
  | 'chromium'
  | 'docker'
  | 'docker-registry'
  | 'skopeo'
  | 'nginx'
  | 'haproxy'
  | 'oras'
  | 'cosign'
  | 'openssl'
  | 'dbus-run-session'
  | 'gnome-keyring-daemon'
  | 'secret-tool'
  | 'npm'
  | 'jq'
  | 'script'
  | 'bash'
  | 'zsh'
  | 'fish';

const ENV = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };

const missing = new Map<Part, boolean>();

/**
 * Whether a test must be skipped because the machine lacks a part; prints the reason once.
 * With PORTOLAN_NO_SKIP=1 (set by .ci/run) nothing is skipped, so the test fails instead.
 */
export function needs(...parts: readonly Part[]): {
  readonly skip: boolean;
  readonly reason: string;
} {
  const absent = parts.filter(isMissing);
  if (absent.length === 0) return { skip: false, reason: '' };
  const reason = `skipped: ${absent.join(', ')} not found on this machine`;
  return { skip: process.env.PORTOLAN_NO_SKIP !== '1', reason };
}

function isMissing(part: Part): boolean {
  let absent = missing.get(part);
  if (absent === undefined) {
    // nginx and haproxy lie where only root looks.
    absent = spawnSync(part, ['--version'], { stdio: 'ignore', env: ENV }).error !== undefined;
    missing.set(part, absent);
    if (absent) console.warn(`tests that need ${part} are skipped: ${part} is not on the PATH`);
  }
  return absent;
}
