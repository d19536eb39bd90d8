import { portolanPaths } from '../../paths.ts';
import { createProgram } from '../program.ts';
import { completeWords } from './complete.ts';
import { namesOn } from './names.ts';

/**
 * `portolan __complete -- WORDS`, which the shell scripts call: prints `:files` where paths may
 * stand, and candidates as VALUE, tab, description. Says nothing else, whatever happens.
 */
export async function runComplete(args: readonly string[]): Promise<void> {
  try {
    const words = args[0] === '--' ? args.slice(1) : args;
    const { candidates, files } = await completeWords(
      createProgram(),
      words,
      namesOn(portolanPaths()),
    );
    const lines = candidates
      .filter(({ value }) => isPlain(value))
      .map(({ value, description }) => `${value}\t${oneLine(description)}`);
    process.stdout.write(
      [...(files ? [':files'] : []), ...lines].map((line) => `${line}\n`).join(''),
    );
  } catch {
    // A prompt must not be disturbed.
  }
}

/** A name of a catalog must not become a command of the shell. */
function isPlain(value: string): boolean {
  return /^[\w@%+=:,./*-]+$/.test(value);
}

function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').slice(0, 80);
}
