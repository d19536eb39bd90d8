import { hostFault } from './public-host.ts';
import { entryRule } from './rule.ts';

/** Hosts in permissions are public, have a real port, and wildcards stay within one domain. */
export const network = entryRule('network', function* ({ server }) {
  const { entry, source } = server;
  const network = entry.permissions?.network;
  if (typeof network !== 'object') return;
  for (const [index, text] of network.allow.entries()) {
    const at = ['permissions', 'network', 'allow', index];
    const [host = '', port = ''] = splitPort(text);
    if (/^[0-9]+$/.test(port) && Number(port) > 65535) {
      yield { in: source, at, fact: `${port} is not a port`, remedy: 'ports go from 1 to 65535' };
    }
    if (host === '*' || host.startsWith('{')) continue;
    if (/^\*\.[^.]+$/.test(host)) {
      yield {
        in: source,
        at,
        fact: `${host} covers a whole top-level domain`,
        remedy: 'name the domain, e.g. *.example.com:443',
      };
      continue;
    }
    const fault = hostFault(host.replace(/^\*\./, ''));
    if (fault) {
      yield {
        in: source,
        at,
        fact: `${fault}, which is the user's to grant`,
        remedy:
          'refer to a parameter instead, e.g. {host}:443, with a default where one makes sense',
      };
    }
  }
});

function splitPort(text: string): readonly string[] {
  const colon = text.lastIndexOf(':');
  return [text.slice(0, colon), text.slice(colon + 1)];
}
