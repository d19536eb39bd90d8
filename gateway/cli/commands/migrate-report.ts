import { counted } from '../../../core/text.ts';
import type { DockerClient } from '../../migrate/docker-clients.ts';
import type { ServerPlan } from '../../migrate/plan-migration.ts';
import { visible } from '../../relay/render-diff.ts';
import { describeAddition } from '../describe-addition.ts';
import type { ProfilePlan } from './migrate-actions.ts';

/** The plan of one profile as a block of text. */
export function describeProfile({ docker, place, exists, servers }: ProfilePlan): string {
  const taken = servers.filter((plan) => plan.taken).length;
  return [
    `${visible(docker.name)} -> profile ${place.name}: ${taken} of ${counted(servers.length, 'server')}${exists ? ' (there is a profile of that name; --replace takes its place)' : ''}`,
    ...servers.map((plan) => describeServer(plan, place)),
  ].join('\n\n');
}

/** The clients that start Docker's gateway, and the commands that change that. */
export function describeClients(
  clients: readonly (DockerClient & { readonly connect: string; readonly disconnect: string })[],
): readonly string[] {
  if (clients.length === 0) return ["No client here starts Docker's gateway."];
  return [
    [
      "Clients that start Docker's gateway:",
      ...clients.flatMap(({ title, path, entry, profile, connect, disconnect }) => [
        visible(
          `  ${title}  ${path}  ${entry}${profile === undefined ? '' : ` (profile ${profile})`}`,
        ),
        `    ${connect}`,
        `    ${disconnect}`,
      ]),
    ].join('\n'),
  ];
}

function describeServer(plan: ServerPlan, place: ProfilePlan['place']): string {
  const { docker, taken, notes } = plan;
  if (!taken) return [`- ${visible(docker.name)}: ${leftOut(plan)}`, ...marked(notes)].join('\n');
  const { match, addition } = taken;
  const { value } = addition;
  const settings = Object.entries(value.parameters ?? {}).map(
    ([name, setting]) => `${name} = ${JSON.stringify(setting)}`,
  );
  const lines = [
    ...describeAddition(addition, place),
    ...(settings.length > 0 ? [`Settings: ${settings.join(', ')}`] : []),
    ...(value.tools?.enable ? [`Tools that stay on: ${value.tools.enable.join(', ')}`] : []),
  ];
  return [
    `+ ${visible(docker.name)} is ${match.entry} ${addition.server.entry.version} (${match.sure}: ${match.why})`,
    ...lines.map((line) => `  ${visible(line)}`),
    ...marked(notes),
  ].join('\n');
}

/** Why a server is left out, and what would take it. */
function leftOut({ docker, matches, notes }: ServerPlan): string {
  if (notes.length > 0) return 'left out';
  const [best] = matches;
  if (!best) {
    return 'in none of your catalogs; `portolan search` finds what does the same, and the owner of a catalog adds it from its entry at Docker: `npm run import -- docker DIR`';
  }
  const choices = matches.map(({ entry, why }) => `${entry} (${why})`).join(' or ');
  const how = matches.length === 1 && best.sure === 'likely' ? ', or --likely' : '';
  return `${best.sure === 'likely' ? 'likely' : 'either'} ${choices}; take it with --map ${visible(docker.name)}=${best.entry}${how}`;
}

function marked(notes: readonly string[]): string[] {
  return notes.map((text) => `  ! ${visible(text)}`);
}
