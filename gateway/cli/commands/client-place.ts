import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { PortolanError } from '../../../core/errors.ts';
import type { Client } from '../../clients/client.ts';
import { configFile, isInstalled } from '../../clients/locate.ts';
import type { Machine } from '../../clients/machine.ts';
import { CLIENTS } from '../../clients/table.ts';
import type { Target } from '../../clients/target.ts';
import { portolanPaths } from '../../paths.ts';
import { describeError, type ErrorReport, reportError } from '../report-error.ts';
import type { PlaceOptions } from './client.ts';

/** The clients that have a file of the kind that is asked for. */
export function placed({ project }: PlaceOptions): readonly Client[] {
  return CLIENTS.filter((client) => project === undefined || client.project);
}

export function isHere(client: Client): boolean {
  return isInstalled(client, thisMachine());
}

export function targetOf(client: Client, { project }: PlaceOptions): Target {
  const folder = project === undefined ? undefined : resolve(project === true ? '.' : project);
  const path = configFile(client, thisMachine(), folder);
  return { client, path, stateDir: portolanPaths().state };
}

export function thisMachine(): Machine {
  return { platform: process.platform, env: process.env, home: homedir() };
}

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
