import { existsSync } from 'node:fs';
import { PortolanError } from '../../core/errors.ts';
import { suggest } from '../cli/suggest.ts';
import { type Client, locationsOn } from './client.ts';
import { type Machine, pathModule, pathOn } from './machine.ts';
import { CLIENTS } from './table.ts';

type Exists = (path: string) => boolean;

/** The client of an id. Throws `usage` / `CLIENT_UNKNOWN`. */
export function findClient(id: string): Client {
  const found = CLIENTS.find((client) => client.id === id);
  if (found) return found;
  const ids = CLIENTS.map((client) => client.id);
  throw new PortolanError(
    'usage',
    'CLIENT_UNKNOWN',
    `there is no client "${id}"${suggest(id, ids)}; known are ${ids.join(', ')}`,
  );
}

/**
 * The configuration file of a client, for the user or for a project: the first that exists, else
 * the first whose folder exists, else the first. Throws `usage` / `CLIENT_NO_PROJECT` for a client
 * that has no configuration for projects.
 */
export function configFile(
  client: Client,
  machine: Machine,
  project?: string,
  exists: Exists = existsSync,
): string {
  const path = pathModule(machine);
  if (project !== undefined && !client.project) {
    throw new PortolanError(
      'usage',
      'CLIENT_NO_PROJECT',
      `${client.title} has no configuration for projects; connect it without --project`,
    );
  }
  const paths =
    project === undefined
      ? pathsOf(client.files, machine)
      : (client.project ?? []).map((file) => path.join(project, ...file.split('/')));
  const found = paths.find(exists) ?? paths.find((file) => exists(path.dirname(file))) ?? paths[0];
  if (found === undefined) throw new Error(`${client.id} has no file on ${machine.platform}`);
  return found;
}

/** Whether the client has left traces on this machine. */
export function isInstalled(
  client: Client,
  machine: Machine,
  exists: Exists = existsSync,
): boolean {
  return pathsOf(client.traces, machine).some(exists);
}

function pathsOf(locations: Client['files'], machine: Machine): string[] {
  return locationsOn(machine.platform, locations).flatMap(
    (location) => pathOn(machine, location) ?? [],
  );
}
