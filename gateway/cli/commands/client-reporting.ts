import { PortolanError } from '../../../core/errors.ts';
import { describeError, type ErrorReport, reportError } from '../report-error.ts';

/**
 * One client's broken file does not keep the others from being connected. What went wrong with it
 * is told, and given to `onFault` as `--json` prints it.
 */
export async function reporting(
  work: () => Promise<void>,
  clients: number,
  onFault?: (report: ErrorReport) => void,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (clients === 1 || !(error instanceof PortolanError)) throw error;
    reportError(error, false);
    onFault?.(describeError(error));
  }
}
