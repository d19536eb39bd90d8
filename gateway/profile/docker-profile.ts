import { parse } from 'yaml';
import type { Profile, ProfileServer, ServerEntry } from '../../core/entry/types.generated.ts';
import { PortolanError } from '../../core/errors.ts';
import { carrySettings, switchesFor } from '../migrate/carry-settings.ts';
import { serversIn } from '../migrate/docker-servers.ts';
import type { DockerServer } from '../migrate/docker-setup.ts';
import type { Imported } from './profile-file.ts';
import { EMPTY_LOCK } from './profile-lock.ts';

/** Artifact type of a profile that `docker mcp profile push` wrote. */
export const DOCKER_PROFILE_ARTIFACT = 'application/vnd.docker.mcp.profile.v1+json';

/** The servers of a profile of Docker's, and what of it could not be read. */
export interface DockerExport {
  readonly servers: readonly DockerServer[];
  readonly problems: readonly PortolanError[];
}

/** A profile of Docker's toolkit in JSON or YAML; undefined when the text is something else. */
export function readDockerProfile(text: string, where: string): DockerExport | undefined {
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 0 });
  } catch {
    return undefined;
  }
  const { servers } = (value ?? {}) as { servers?: unknown };
  if (!Array.isArray(servers)) return undefined;
  const problems: PortolanError[] = [];
  return { servers: serversIn(servers, where, new Map(), problems), problems };
}

/**
 * Turns it into a profile of this machine's catalogs: servers by name, settings that their entries
 * declare, switched-on tools. Images and endpoints of Docker's are left behind: what runs here is
 * what the catalogs sign. `entryOf` gives the entry of a name, or undefined. What is lost is noted.
 *
 * Throws `malformed` / `PROFILE_MALFORMED` when nothing of it can be used.
 */
export async function fromDockerProfile(
  { servers, problems }: DockerExport,
  entryOf: (name: string) => Promise<ServerEntry | undefined>,
  where: string,
): Promise<Imported> {
  const notes: string[] = problems.map(({ message }) => message);
  const found: Record<string, ProfileServer> = {};
  for (const server of servers) {
    const name = server.name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '');
    const entry = name === '' ? undefined : await entryOf(name);
    if (!entry) {
      notes.push(`${server.name} is in none of the catalogs; left out`);
      continue;
    }
    found[name] = mapped(server, entry, notes);
  }
  if (Object.keys(found).length === 0) {
    throw new PortolanError(
      'malformed',
      'PROFILE_MALFORMED',
      `${where} is a profile of Docker's toolkit, but none of its servers is in the catalogs here: ${notes.join('; ')}`,
    );
  }
  const profile: Profile = { servers: found };
  return { profile, lock: EMPTY_LOCK, notes };
}

function mapped(server: DockerServer, entry: ServerEntry, notes: string[]): ProfileServer {
  const carried = carrySettings(entry, server.config);
  notes.push(...carried.notes.map((text) => `${entry.name}: ${text}`));
  for (const { name } of entry.secrets ?? []) {
    notes.push(
      `${entry.name}: the secret stays with Docker; portolan secret set ${entry.name}.${name}`,
    );
  }
  return {
    ...(Object.keys(carried.parameters).length > 0 && { parameters: carried.parameters }),
    ...(server.tools && { tools: switchesFor(server.tools) }),
  };
}
