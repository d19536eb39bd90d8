import { PortolanError } from '../../../core/errors.ts';
import { dockerHelper } from './docker-helper.ts';
import type { Keychain } from './keychain.ts';
import { macosKeychain } from './macos.ts';
import { secretTool } from './secret-tool.ts';

export interface KeychainOptions {
  /** Name of the keychain to use for a new vault; the platform's own ones when absent. */
  readonly keychain?: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  /** Milliseconds that a person has to unlock it; 60,000 when absent. */
  readonly timeout?: number;
}

const CANDIDATES: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  darwin: ['docker-credential-osxkeychain', 'security'],
  win32: ['docker-credential-wincred'],
  linux: ['secret-tool', 'docker-credential-secretservice'],
};

/** The first keychain that answers; undefined when none does. */
export async function findKeychain(options: KeychainOptions): Promise<Keychain | undefined> {
  const names = options.keychain ? [options.keychain] : (CANDIDATES[options.platform] ?? []);
  for (const name of names) {
    const keychain = openKeychain(name, options);
    if (await keychain.answers()) return keychain;
  }
  if (options.keychain) {
    throw new PortolanError(
      'unreachable',
      'KEYCHAIN_FAILED',
      `the keychain ${options.keychain} does not answer; install it, unlock it or choose another one`,
    );
  }
  return undefined;
}

/** A keychain by its name. Throws `usage` / `KEYCHAIN_UNKNOWN`. */
export function openKeychain(name: string, options: KeychainOptions): Keychain {
  const tools = { environment: options.environment, timeout: options.timeout ?? 60_000 };
  if (name === 'secret-tool') return secretTool(tools);
  if (name === 'security') return macosKeychain(tools);
  if (/^docker-credential-[a-z0-9-]+$/.test(name)) return dockerHelper(name, tools);
  throw new PortolanError(
    'usage',
    'KEYCHAIN_UNKNOWN',
    `${JSON.stringify(name)} is no keychain; use secret-tool (Linux), security (macOS) or a docker-credential-* helper`,
  );
}
