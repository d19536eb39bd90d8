import { PortolanError } from '../../core/errors.ts';
import { isObject } from '../relay/protocol.ts';
import {
  type DockerDefinition,
  type DockerServer,
  definitionOf,
  named,
  textOf,
} from './docker-setup.ts';

/** The servers of a profile, as the database and exported files have them. */
export function serversIn(
  value: unknown,
  where: string,
  definitions: ReadonlyMap<string, DockerDefinition>,
  problems: PortolanError[],
): readonly DockerServer[] {
  if (!Array.isArray(value)) {
    problems.push(shapeFault(where, 'servers', 'a list of servers'));
    return [];
  }
  return value.flatMap((server, index): DockerServer[] => {
    const field = `servers[${index}]`;
    if (!isObject(server)) {
      problems.push(shapeFault(where, field, 'a map with type, image or endpoint'));
      return [];
    }
    const snapshot = isObject(server.snapshot) ? definitionOf(server.snapshot.server) : undefined;
    const image = textOf(server.image)?.replace(/^docker:\/\//, '') ?? snapshot?.image;
    const url = textOf(server.endpoint) ?? snapshot?.url;
    const name = snapshot?.name ?? lastPart(image ?? textOf(server.source) ?? url);
    if (name === undefined) {
      problems.push(shapeFault(where, field, 'a server with an image, an endpoint or a source'));
      return [];
    }
    return [
      {
        name,
        ...named('image', image),
        ...named('url', url),
        ...named('definition', snapshot ?? definitions.get(name)),
        config: settingsIn(server.config, where, `${field}.config`, problems),
        ...named('tools', toolsIn(server.tools, where, `${field}.tools`, problems)),
      },
    ];
  });
}

/** `mcp/duckduckgo:latest@sha256:...` is duckduckgo. */
function lastPart(reference: string | undefined): string | undefined {
  const [path = ''] = (reference ?? '').split(/[@?#]/);
  const parts = path.split('/').filter((part) => part !== '');
  return textOf(parts.at(-1)?.replace(/:.*$/, ''));
}

/** Settings of a server, or none. */
export function settingsIn(
  value: unknown,
  file: string,
  field: string,
  problems: PortolanError[],
): Readonly<Record<string, unknown>> {
  if (value === undefined || value === null) return {};
  if (isObject(value)) return value;
  problems.push(shapeFault(file, field, 'a map of settings'));
  return {};
}

/** Nothing means every tool, and an empty list none. */
export function toolsIn(
  value: unknown,
  file: string,
  field: string,
  problems: PortolanError[],
): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value) && value.every((tool) => typeof tool === 'string')) return value;
  problems.push(shapeFault(file, field, 'a list of names of tools'));
  return undefined;
}

/** What has another shape than Docker's, and was left out. */
export function shapeFault(file: string, field: string, expected: string): PortolanError {
  return malformed(
    `${file}: ${field} is not ${expected}; it was left out, mend it and start again to take it over`,
  );
}

/** A file of Docker's that cannot be read as such. */
export function malformed(message: string): PortolanError {
  return new PortolanError('malformed', 'DOCKER_MALFORMED', message);
}
