import { PortolanError } from '../../core/errors.ts';

/** One thing that was looked at. */
export interface Check {
  readonly name: string;
  /** False for a fault: something that the gateway needs does not work. */
  readonly ok: boolean;
  readonly text: string;
  /** What to do; also beside what is no fault, but could be better. */
  readonly remedy?: string;
}

/** What went wrong while something was looked at; a bug is no fault of the machine and is thrown on. */
export function faultOf(name: string, error: unknown, remedy: string): Check {
  if (!(error instanceof PortolanError)) throw error;
  return { name, ok: false, text: error.message, remedy };
}
