import { log, select } from '@clack/prompts';
import { answered } from '../cli/answered.ts';
import { findClient } from '../clients/locate.ts';
import { targetOf } from '../clients/place.ts';
import { type SurveyedClient, surveyClients } from '../clients/survey.ts';
import type { Target } from '../clients/target.ts';
import { visible } from '../relay/render-diff.ts';

/** Asks which of the clients on this machine is to be connected; undefined for none. */
export async function chooseClient(): Promise<Target | undefined> {
  const found = (await surveyClients({})).filter(({ installed }) => installed);
  const usable = found.filter(({ problem }) => problem === undefined);
  for (const { title, problem } of found) {
    if (problem !== undefined) log.warn(`${title} is left out: ${visible(problem)}`);
  }
  if (usable.length === 0) {
    log.info(
      'No MCP client was found here. You can choose a server all the same, and connect a client later.',
    );
    return undefined;
  }
  const id = await answered(
    select<string>({
      message: 'Which client is to use your servers?',
      options: [
        ...usable.map((client) => ({
          value: client.id,
          label: client.title,
          hint: hintOf(client),
        })),
        { value: '', label: 'None for now' },
      ],
    }),
  );
  return id === '' ? undefined : targetOf(findClient(id), {});
}

function hintOf({ connections, path }: SurveyedClient): string {
  return connections.length > 0 ? 'connected already' : visible(path);
}
