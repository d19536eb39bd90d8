import { findClient } from '../../clients/locate.ts';
import { isHere, placed, targetOf } from '../../clients/place.ts';
import { type Proposal, proposeEntries } from '../../clients/propose.ts';
import { entriesOfClient } from '../../clients/target.ts';
import { portolanPaths } from '../../paths.ts';
import { visible } from '../../relay/render-diff.ts';
import { openCatalogs } from '../catalog-access.ts';
import { note, print, table } from '../print.ts';
import type { ClientImportOptions } from './client.ts';
import { reporting } from './client-reporting.ts';

export async function importServers(
  ids: readonly string[],
  options: ClientImportOptions,
): Promise<void> {
  const catalogs = await openCatalogs(options, portolanPaths(), note);
  const clients = ids.length > 0 ? ids.map(findClient) : placed(options).filter(isHere);
  const found: { client: string; path: string; servers: readonly Proposal[] }[] = [];
  for (const client of clients) {
    const target = targetOf(client, options);
    await reporting(async () => {
      const servers = await proposeEntries(await entriesOfClient(target), catalogs);
      if (servers.length > 0) found.push({ client: client.id, path: target.path, servers });
    }, clients.length);
  }
  print(options.json, found, () =>
    found.length === 0
      ? 'These clients have no servers.'
      : found.map(({ client, path, servers }) => describe(client, path, servers)).join('\n\n'),
  );
}

/** What is said of servers that no catalog could have. */
const REMARKS: Readonly<Record<string, string>> = {
  portolan: 'this gateway',
  'docker-toolkit': "Docker's gateway; see the guide on migrating from it",
};

function describe(client: string, path: string, servers: readonly Proposal[]): string {
  const matched = [...new Set(servers.flatMap(({ entry }) => entry ?? []))];
  const secrets = servers.flatMap(({ entry, secrets = [] }) =>
    secrets.map((secret) => `portolan secret set ${entry}.${secret}`),
  );
  return [
    `${client}  ${path}`,
    table(
      servers.map(({ name, is, entry }) => [
        `  ${visible(name)}`,
        visible(`${is.kind} ${is.name}`),
        entry ? `-> ${entry}` : (REMARKS[is.kind] ?? 'in no catalog'),
      ]),
    ),
    ...(matched.length > 0
      ? [
          '  To run them verified and isolated:',
          ...[...new Set(secrets)].map((line) => `    ${line}`),
        ]
      : []),
    ...(matched.length > 0
      ? [`    portolan client connect ${client} --servers ${matched.join(',')}`]
      : []),
  ].join('\n');
}
