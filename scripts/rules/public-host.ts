import ipaddr from 'ipaddr.js';

/** Names that never leave the machine or the local network (RFC 6761, 6762, 7686, 8375, 9476). */
const LOCAL_SUFFIXES = [
  'localhost',
  'local',
  'localdomain',
  'internal',
  'intranet',
  'lan',
  'home',
  'corp',
  'private',
  'home.arpa',
  'onion',
  'test',
  'invalid',
  'alt',
];

/**
 * Why a host is not a public one; undefined when it is. Accepts what may stand in a URL: names,
 * IPv4 in every notation that resolvers take (0x7f.1, 2130706433), and IPv6 in brackets.
 *
 * Threat: an entry that sends a client to 127.0.0.1 or 169.254.169.254 would use the user's machine
 * against them.
 */
export function hostFault(host: string): string | undefined {
  const name = host
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
  if (/^[0-9a-fx.:]+$/.test(name) && ipaddr.isValid(name)) {
    const range = ipaddr.process(name).range();
    return range === 'unicast' ? undefined : `${host} is a ${readable(range)} address`;
  }
  if (LOCAL_SUFFIXES.some((suffix) => name === suffix || name.endsWith(`.${suffix}`))) {
    return `${host} is a name of a local network`;
  }
  if (!name.includes('.')) return `${host} is not a full host name`;
  return undefined;
}

function readable(range: string): string {
  return range.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replace('6', ' 6');
}
