import { parseArgs } from 'node:util';
import { messageOf, PortolanError } from '../../core/errors.ts';
import { helpOf, isHelpAsked } from '../script-help.ts';

/**
 * Runs a command of the publisher: what goes wrong on purpose is told in one line with exit code 1
 * (2 for wrong arguments), anything else is a bug and keeps its stack. Asked for help, it prints
 * the usage that the command throws, or else the comment at the head of its script.
 */
export async function command(run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    const isUsage =
      error instanceof PortolanError ? error.kind === 'usage' : isArgumentError(error);
    if (!isUsage && !(error instanceof PortolanError)) throw error;
    if (isUsage && isHelpAsked()) {
      console.log(isArgumentError(error) ? helpOf() : messageOf(error));
      return;
    }
    console.error(messageOf(error));
    process.exitCode = isUsage ? 2 : 1;
  }
}

/** Names (positional) and the options every command of a contributor takes. */
export function entryArguments<
  const Options extends Record<string, { type: 'boolean' | 'string' }>,
>(options: Options) {
  return parseArgs({
    allowPositionals: true,
    options: { registry: { type: 'string' }, help: { type: 'boolean', short: 'h' }, ...options },
  });
}

function isArgumentError(error: unknown): boolean {
  return (
    error instanceof TypeError &&
    String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS')
  );
}
