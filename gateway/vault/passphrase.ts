import { PortolanError } from '../../core/errors.ts';
import { runTool, withoutLastNewline } from './run-tool.ts';
import type { PassphraseSource } from './vault-key.ts';

export interface PassphraseOptions {
  readonly environment?: NodeJS.ProcessEnv;
  /** A command and its arguments; what it prints is the passphrase. */
  readonly keyCommand?: readonly string[];
  /** Asks a person, without echo; twice for `create`. Absent when there is no terminal. */
  readonly prompt?: PassphraseSource;
}

/**
 * The passphrase from PORTOLAN_PASSPHRASE, else from the key command, else from a person.
 * Throws `failed` / `KEY_COMMAND_FAILED`.
 */
export function passphraseFrom(options: PassphraseOptions): PassphraseSource {
  const environment = options.environment ?? process.env;
  return async (purpose) => {
    const given = environment.PORTOLAN_PASSPHRASE;
    if (given) return given;
    const [command, ...args] = options.keyCommand ?? [];
    if (command === undefined) return options.prompt?.(purpose);
    const result = await runTool({ command, args, timeout: 60_000, environment });
    const passphrase = withoutLastNewline(result.stdout);
    if (result.exitCode === 0 && passphrase) return passphrase;
    throw new PortolanError(
      'failed',
      'KEY_COMMAND_FAILED',
      `the key command ${command} ${passphrase ? `ended with exit code ${result.exitCode}` : 'printed nothing'}; run it by hand to see why`,
    );
  };
}
