import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { portolanPaths } from '../paths.ts';
import type { Client } from './client.ts';
import { configFile, isInstalled } from './locate.ts';
import type { Machine } from './machine.ts';
import { CLIENTS } from './table.ts';
import type { Target } from './target.ts';

/** Which of a client's files is meant. */
export interface PlaceOptions {
  /** Folder of a project; `true` for the current one; the user's own file when absent. */
  readonly project?: string | true;
}

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
