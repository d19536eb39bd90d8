import { type ErrorKind, PortolanError } from '../../core/errors.ts';

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

/** The one place where an error becomes text on stderr and an exit code. */
export function reportError(error: unknown): void {
  if (error instanceof PortolanError) {
    console.error(`portolan: ${error.message}`);
    console.error(`  (${error.kind}: ${error.code})`);
    process.exitCode = EXIT_CODES[error.kind];
    return;
  }
  // Not a fault of the user's: show where, so that it can be reported.
  console.error('portolan: this is a bug in Portolan, please report it with the lines below');
  console.error(error);
  process.exitCode = 70;
}
