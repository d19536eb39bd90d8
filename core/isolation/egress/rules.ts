import { isIP } from 'node:net';
import type { NetworkRule } from '../../entry/resolve.ts';
import { type HostResolver, kindOf } from './address.ts';

/** Why a connection was refused, in words for the server's log. */
export class EgressDenied extends Error {
  override readonly name = 'EgressDenied';
}

/**
 * Decides whether a server may connect, and to which address. The caller connects to exactly that
 * address: looking the name up again could give another one (DNS rebinding).
 *
 * Throws EgressDenied, or what the resolver throws.
 */
export async function permittedAddress(
  rules: readonly NetworkRule[],
  host: string,
  port: number,
  resolveHost: HostResolver,
): Promise<string> {
  const name = normalHost(host);
  const matching = rules.filter((rule) => rule.port === port && covers(rule.host, name));
  if (matching.length === 0) {
    throw new EgressDenied(`${name}:${port} is not among the hosts that the entry allows`);
  }
  // A literal address was named by the reviewed entry or by the user, so it is meant.
  if (isIP(name)) return name;
  const own = matching.some(
    (rule) => rule.chosenByUser || (rule.host === name && isLocalName(name)),
  );
  const addresses = await resolveHost(name);
  const usable = addresses.filter((address) => {
    const kind = kindOf(address);
    return kind === 'public' || (kind === 'private' && own);
  });
  const [first] = usable;
  if (first === undefined) {
    throw new EgressDenied(
      addresses.length === 0
        ? `${name} has no address`
        : `${name} leads to ${addresses.join(', ')}, an address of a private network or of a metadata service`,
    );
  }
  // IPv4 first: it works on more networks, and the caller tries one address only.
  return usable.find((address) => isIP(address) === 4) ?? first;
}

/** Whether a rule's host covers a name. Addresses are covered by themselves only, never by `*`. */
export function covers(ruleHost: string, name: string): boolean {
  const rule = normalHost(ruleHost);
  if (isIP(name)) return rule === name;
  if (rule === '*') return true;
  if (rule.startsWith('*.')) return name.length > rule.length - 1 && name.endsWith(rule.slice(1));
  return rule === name;
}

/** Lower case, without the brackets of an IPv6 address and the dot of a rooted name. */
export function normalHost(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}

function isLocalName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost');
}
