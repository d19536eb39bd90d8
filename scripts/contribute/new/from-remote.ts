import { PortolanError } from '../../../core/errors.ts';
import { probeRemote, type RemoteProbe } from '../remote-probe.ts';
import { type Draft, type Drafted, titleFrom } from './draft.ts';

/** Drafts an entry for an endpoint that its publisher runs, from what it shows to a stranger. */
export async function fromRemote(
  url: string,
  probe: (url: string) => Promise<RemoteProbe> = probeRemote,
): Promise<Drafted> {
  const { protocol, hostname } = new URL(url);
  if (protocol !== 'https:') {
    throw new PortolanError(
      'usage',
      'URL_NOT_HTTPS',
      `${url} is not https; a remote server of the catalog is reached over https only`,
    );
  }
  const seen = await probe(url);
  const words = hostname.split('.').filter((part) => !/^(www|mcp|api|server)$/.test(part));
  const domain = words.slice(-2).join('.');
  const name = (words.slice(0, -1).join('-') || hostname.replaceAll('.', '-')).toLowerCase();
  const title = seen.serverInfo?.title ?? titleFrom(name);
  const draft: Draft = {
    name,
    version: '1.0.0',
    title,
    license: 'LicenseRef-Proprietary',
    publisher: { name: titleFrom(words.at(-2) ?? name), url: `https://${domain}` },
    links: { homepage: `https://${domain}` },
    remote: {
      transport: seen.transport ?? 'streamable-http',
      url,
      ...(seen.auth === 'oauth'
        ? { oauth: seen.registration ? { registration: seen.registration } : {} }
        : {}),
      ...(seen.auth === 'token' ? { headers: { Authorization: 'Bearer {token}' } } : {}),
    },
    ...(seen.auth === 'token'
      ? { secrets: [{ name: 'token', description: 'Access token of the service.' }] }
      : {}),
    tools: seen.auth === 'none' ? 'static' : { dynamic: reasonOf(seen) },
  };
  return { draft, notes: notesOf(seen, domain) };
}

function reasonOf({ reachable }: RemoteProbe): string {
  return reachable
    ? 'The endpoint answers only after a sign-in, so its tools are listed live.'
    : 'The endpoint could not be reached when the entry was made, so its tools are listed live.';
}

function notesOf(seen: RemoteProbe, domain: string): string[] {
  const notes = [
    'license: LicenseRef-Proprietary, unless the code of the service is published',
    `publisher, links: guessed from ${domain}`,
  ];
  if (!seen.reachable) {
    notes.unshift(
      `remote: not reachable from here (${seen.fact}); check transport and sign-in by hand`,
    );
  } else if (!seen.auth) {
    notes.unshift(`remote: ${seen.fact}; check url and transport`);
  }
  if (seen.auth === 'token') notes.push('secrets: name the header that the endpoint wants');
  return notes;
}
