import type { CommanderError } from 'commander';
import { type ErrorKind, PortolanError } from '../../core/errors.ts';
import { noteStyle } from './style.ts';

/** Exit codes, as docs/errors.md lists them. */
const EXIT_CODES: Readonly<Record<ErrorKind, number>> = {
  failed: 1,
  usage: 2,
  malformed: 3,
  unreachable: 4,
  unverified: 5,
  untrusted: 6,
  forbidden: 7,
};

/** What `--json` prints instead of a result. */
export interface ErrorReport {
  readonly error: {
    readonly kind: ErrorKind | 'bug';
    readonly code: string;
    readonly message: string;
    readonly exitCode: number;
  };
}

/**
 * The one place where an error becomes text on stderr, or JSON on stdout with `--json`, and an exit
 * code.
 */
export function reportError(error: unknown, json = isJsonWanted()): void {
  const { error: report } = describeError(error);
  process.exitCode = report.exitCode;
  if (json) {
    process.stdout.write(`${JSON.stringify({ error: report }, null, 2)}\n`);
    if (report.kind === 'bug') console.error(error);
  } else if (report.kind === 'bug') {
    // Not a fault of the user's: show where, so that it can be reported.
    console.error('portolan: this is a bug in Portolan, please report it with the lines below');
    console.error(error);
  } else {
    console.error(`${noteStyle.bad('portolan:')} ${report.message}`);
    console.error(noteStyle.dim(`  (${report.kind}: ${report.code})`));
  }
}

/** A command line that commander refused, and has told of; help and version are no failure. */
export function reportCommandLine({ exitCode, message }: CommanderError): void {
  process.exitCode = exitCode === 0 ? 0 : 2;
  if (exitCode === 0 || !isJsonWanted()) return;
  const text = message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ');
  reportError(new PortolanError('usage', 'COMMAND_LINE', text));
}

/** Whether the command line asks for JSON, even one that makes no sense. */
export function isJsonWanted(argv: readonly string[] = process.argv): boolean {
  const end = argv.indexOf('--');
  return (end < 0 ? argv : argv.slice(0, end)).includes('--json');
}

export function describeError(error: unknown): ErrorReport {
  if (error instanceof PortolanError) {
    const { kind, code, message } = error;
    return { error: { kind, code, message, exitCode: EXIT_CODES[kind] } };
  }
  const refused = refusedFile(error);
  if (refused) return describeError(refused);
  return { error: { kind: 'bug', code: 'BUG', message: String(error), exitCode: 70 } };
}

/** What a system says of a file that it does not let us use; the user's to mend, wherever it happens. */
const REFUSALS: Readonly<Record<string, string>> = {
  EACCES:
    'permission denied; check who owns it, or give Portolan another folder with PORTOLAN_HOME',
  EPERM: 'permission denied; check who owns it, or give Portolan another folder with PORTOLAN_HOME',
  EROFS: 'it is on a read-only file system; give Portolan another folder with PORTOLAN_HOME',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
};

function refusedFile(error: unknown): PortolanError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code = '', path, syscall } = error as NodeJS.ErrnoException;
  // Node.js says so of a folder that it cannot make on a read-only file system.
  const remedy = REFUSALS[code === 'ENOENT' && syscall === 'mkdir' ? 'EROFS' : code];
  if (!remedy || path === undefined) return undefined;
  return new PortolanError('unreachable', 'FILE_REFUSED', `${path}: ${remedy}`, { cause: error });
}
