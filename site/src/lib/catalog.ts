import type { ListItem, SiteData } from '../../../scripts/site/model.ts';
import { signerOf } from '../../../scripts/site/signer.ts';
import { messages as m } from '../messages.ts';
import { CLIENTS } from './clients.ts';

/** Cards in the page itself; further ones come from the index. */
export const FIRST_CARDS = 36;

export interface Facet {
  readonly id: string;
  readonly title: string;
  readonly options: readonly {
    readonly value: string;
    readonly label: string;
    readonly count: number;
  }[];
}

/** Which values of each facet a server has; the browser computes the same from the index. */
export const FACETS: Readonly<Record<string, (item: ListItem) => readonly string[]>> = {
  category: ({ categories }) => categories,
  kind: ({ kind }) => [kind],
  network: ({ network }) => [network],
  signIn: ({ signIn }) => [signIn],
  verified: ({ verified }) => [verified ? 'yes' : 'no'],
  signedBy: ({ signature }) => [signerOf(signature)],
  client: ({ kind }) => clientsFor(kind === 'remote' ? 'http' : 'stdio'),
};

/** Clients that speak a transport themselves, and so reach a server without the gateway. */
export const clientsFor = (transport: 'http' | 'stdio'): string[] =>
  CLIENTS.filter(({ transports }) => transports.includes(transport)).map(({ id }) => id);

/** The facets with the number of servers for each value; values of no server are left out. */
export function facetsOf(
  servers: readonly ListItem[],
  categories: SiteData['categories'],
): readonly Facet[] {
  const labels: Record<string, readonly (readonly [string, string])[]> = {
    category: categories.map(({ id, title }) => [id, title]),
    kind: Object.entries(m.kinds),
    network: Object.entries(m.network),
    signIn: Object.entries(m.signIn),
    verified: [
      ['yes', m.catalog.verifiedYes],
      ['no', m.catalog.verifiedNo],
    ],
    signedBy: [...new Set(servers.map(({ signature }) => signerOf(signature)))]
      .sort()
      .map((signer) => [signer, m.catalog.signer(signer)]),
    client: CLIENTS.map(({ id, title }) => [id, title]),
  };
  return Object.entries(FACETS).map(([id, valuesOf]) => {
    const counts = new Map<string, number>();
    for (const server of servers) {
      for (const value of valuesOf(server)) counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    const options = (labels[id] ?? [])
      .map(([value, label]) => ({ value, label, count: counts.get(value) ?? 0 }))
      .filter(({ count }) => count > 0);
    return { id, title: m.catalog.facets[id as keyof typeof m.catalog.facets], options };
  });
}
