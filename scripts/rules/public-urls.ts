import type { ServerEntry } from '../../core/entry/types.generated.ts';
import type { DataPath } from '../registry/finding.ts';
import { hostFault } from './public-host.ts';
import { entryRule } from './rule.ts';

/** Every URL of an entry is https, public, and free of credentials and ASCII look-alikes. */
export const publicUrls = entryRule('public-urls', function* ({ server }) {
  const { entry, source } = server;
  for (const { at, url } of urlsOf(entry)) {
    const fault = urlFault(url);
    if (fault) yield { in: source, at, ...fault };
  }
});

function urlFault(text: string): { fact: string; remedy: string } | undefined {
  const url = URL.parse(text.replace(/[{}]/g, ''));
  if (url?.protocol !== 'https:') {
    return { fact: 'it is not an https URL', remedy: 'give a full https address' };
  }
  if (url.username || url.password) {
    return {
      fact: 'the URL holds a user name or a password',
      remedy: 'remove it; credentials belong to secrets, which the user sets',
    };
  }
  const host = hostFault(url.hostname);
  if (host) return { fact: host, remedy: 'give a host that everybody can reach' };
  if (url.hostname.split('.').some((label) => label.startsWith('xn--'))) {
    return {
      fact: `the host is ${url.hostname}, a name with letters outside of ASCII`,
      remedy:
        'use the ASCII address of the service; look-alike letters are how people get deceived',
    };
  }
  return undefined;
}

function urlsOf(entry: ServerEntry): readonly { at: DataPath; url: string }[] {
  const { publisher, links, source, remote, secrets } = entry;
  return [
    { at: ['publisher', 'url'], url: publisher.url },
    ...Object.entries(links).map(([name, url]) => ({ at: ['links', name], url })),
    ...(source ? [{ at: ['source', 'repository'], url: source.repository }] : []),
    ...(remote ? [{ at: ['remote', 'url'], url: remote.url }] : []),
    ...(secrets ?? []).flatMap(({ url }, index) =>
      url ? [{ at: ['secrets', index, 'url'], url }] : [],
    ),
  ];
}
