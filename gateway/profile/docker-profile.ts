import { parse } from 'yaml';
import type { Profile, ProfileServer, ServerEntry } from '../../core/entry/types.generated.ts';
import { PortolanError } from '../../core/errors.ts';
import { carrySettings, switchesFor } from '../migrate/carry-settings.ts';
import { isObject } from '../relay/protocol.ts';
import type { Imported } from './profile-file.ts';
import { EMPTY_LOCK } from './profile-lock.ts';

/** Artifact type of a profile that `docker mcp profile push` wrote. */
export const DOCKER_PROFILE_ARTIFACT = 'application/vnd.docker.mcp.profile.v1+json';

/** What of a server Docker's profiles hold that matters here. */
interface DockerServer {
  readonly type?: unknown;
  readonly image?: unknown;
  readonly source?: unknown;
  readonly endpoint?: unknown;
  readonly config?: unknown;
  readonly tools?: unknown;
  readonly secrets?: unknown;
  readonly snapshot?: { readonly server?: { readonly name?: unknown } };
}

/** A profile of Docker's toolkit in JSON or YAML; undefined when the text is something else. */
export function readDockerProfile(text: string): readonly DockerServer[] | undefined {
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 0 });
  } catch {
    return undefined;
  }
  const { servers } = (value ?? {}) as { servers?: unknown };
  if (!Array.isArray(servers)) return undefined;
  return servers.filter((one): one is DockerServer => typeof one === 'object' && one !== null);
}

/**
 * Turns it into a profile of this machine's catalogs: servers by name, settings that their entries
 * declare, switched-on tools. Images and endpoints of Docker's are left behind: what runs here is
 * what the catalogs sign. `entryOf` gives the entry of a name, or undefined. What is lost is noted.
 *
 * Throws `malformed` / `PROFILE_MALFORMED` when nothing of it can be used.
 */
export async function fromDockerProfile(
  servers: readonly DockerServer[],
  entryOf: (name: string) => Promise<ServerEntry | undefined>,
  where: string,
): Promise<Imported> {
  const notes: string[] = [];
  const found: Record<string, ProfileServer> = {};
  for (const server of servers) {
    const theirs = nameOf(server);
    const name = theirs
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '');
    const entry = name === '' ? undefined : await entryOf(name);
    if (!entry) {
      notes.push(`${theirs || 'a server without a name'} is in none of the catalogs; left out`);
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
  const carried = carrySettings(entry, isObject(server.config) ? server.config : {});
  notes.push(...carried.notes.map((text) => `${entry.name}: ${text}`));
  const tools = Array.isArray(server.tools)
    ? server.tools.filter((tool): tool is string => typeof tool === 'string' && tool !== '')
    : undefined;
  for (const { name } of (server.secrets ? entry.secrets : undefined) ?? []) {
    notes.push(
      `${entry.name}: the secret stays with Docker; portolan secret set ${entry.name}.${name}`,
    );
  }
  return {
    ...(Object.keys(carried.parameters).length > 0 && { parameters: carried.parameters }),
    ...(tools && { tools: switchesFor(tools) }),
  };
}

/** The name in the snapshot, or the last part of the image, registry entry or endpoint. */
function nameOf({ snapshot, image, source, endpoint }: DockerServer): string {
  const named = snapshot?.server?.name;
  if (typeof named === 'string') return named;
  if (typeof image === 'string') {
    return (
      image
        .replace(/^docker:\/\//, '')
        .replace(/@.*$/, '')
        .replace(/:[^/]*$/, '')
        .split('/')
        .at(-1) ?? ''
    );
  }
  return ([source, endpoint].find((one) => typeof one === 'string') as string | undefined) ?? '';
}
