import { PortolanError } from '../../core/errors.ts';
import { commandOf, identify } from '../clients/identify.ts';
import { type PlaceOptions, placed, targetOf } from '../clients/place.ts';
import { entriesOfClient, optionOf } from '../clients/target.ts';

/** An entry of a client that starts Docker's gateway. */
export interface DockerClient {
  readonly id: string;
  readonly title: string;
  readonly path: string;
  /** The file is one of the project in the current folder. */
  readonly project: boolean;
  /** Name of the entry, MCP_DOCKER as Docker writes it. */
  readonly entry: string;
  /** The profile of Docker's that it serves. */
  readonly profile?: string;
}

/**
 * Looks through the files of every client, the user's own and those of the project in the current
 * folder. `onProblem` is told of files that are broken.
 */
export async function dockerClients(
  onProblem: (error: PortolanError) => void,
): Promise<readonly DockerClient[]> {
  const found: DockerClient[] = [];
  const seen = new Set<string>();
  const places: PlaceOptions[] = [{}, { project: true }];
  for (const options of places) {
    for (const client of placed(options)) {
      const target = targetOf(client, options);
      // The home may be the project; its file is not told twice.
      if (seen.has(target.path)) continue;
      seen.add(target.path);
      try {
        for (const [entry, value] of await entriesOfClient(target)) {
          if (identify(value).kind !== 'docker-toolkit') continue;
          const command = commandOf(value);
          const profile = optionOf(command, '--profile') ?? optionOf(command, '-p');
          found.push({
            id: client.id,
            title: client.title,
            path: target.path,
            project: options.project === true,
            entry,
            ...(profile !== undefined && { profile }),
          });
        }
      } catch (error) {
        if (!(error instanceof PortolanError)) throw error;
        onProblem(error);
      }
    }
  }
  return found;
}
