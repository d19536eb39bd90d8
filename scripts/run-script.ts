import { PortolanError } from '../core/errors.ts';
import { helpOf, isHelpAsked } from './script-help.ts';

/**
 * Runs a script's work. A fault of the input prints its message alone and exits with 1; anything
 * else is a bug of ours and shows where it happened. Asked for help, it prints the comment at the head
 * of the script instead.
 */
export async function runScript(work: () => Promise<void>): Promise<void> {
  if (isHelpAsked()) return console.log(helpOf());
  try {
    await work();
  } catch (error) {
    const isUserError =
      error instanceof PortolanError ||
      (error instanceof Error &&
        String((error as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS'));
    console.error(isUserError ? `error: ${(error as Error).message}` : error);
    process.exitCode = 1;
  }
}
