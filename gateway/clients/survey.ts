import { PortolanError } from '../../core/errors.ts';
import { isHere, type PlaceOptions, placed, targetOf } from './place.ts';
import { type Connection, connectionsIn, entriesOfClient } from './target.ts';

/** A client, whether it is here, and how it is connected. */
export interface SurveyedClient {
  readonly id: string;
  readonly title: string;
  readonly installed: boolean;
  /** Its configuration file. */
  readonly path: string;
  readonly connections: readonly Connection[];
  /** Why its file cannot be read. */
  readonly problem?: string;
}

/** Looks for every client that Portolan knows. A broken file of one is told, and no error. */
export function surveyClients(options: PlaceOptions): Promise<readonly SurveyedClient[]> {
  return Promise.all(
    placed(options).map(async (client) => {
      const target = targetOf(client, options);
      const { id, title } = client;
      const row = { id, title, installed: isHere(client), path: target.path };
      try {
        return { ...row, connections: connectionsIn(await entriesOfClient(target)) };
      } catch (error) {
        if (!(error instanceof PortolanError)) throw error;
        return { ...row, connections: [], problem: error.message };
      }
    }),
  );
}
