import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';

/** Looks up the addresses of a host. */
export type HostResolver = (host: string) => Promise<readonly string[]>;

/** The resolver of the system, so that its hosts file and its name servers hold. */
export const systemResolver: HostResolver = async (host) =>
  (await lookup(host, { all: true, verbatim: true })).map(({ address }) => address);

/** What kind of network an address belongs to. */
export type AddressKind = 'public' | 'private' | 'forbidden';

const forbidden = new BlockList();
const internal = new BlockList();
for (const [network, prefix] of [
  // "This network", link-local with the metadata services of clouds, multicast, reserved.
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  forbidden.addSubnet(network, prefix, 'ipv4');
}
for (const address of ['100.100.100.200', '168.63.129.16', '192.0.0.192']) {
  forbidden.addAddress(address, 'ipv4');
}
for (const [network, prefix] of [
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  forbidden.addSubnet(network, prefix, 'ipv6');
}
for (const address of ['::', 'fd00:ec2::254', 'fd20:ce::254']) {
  forbidden.addAddress(address, 'ipv6');
}
for (const [network, prefix] of [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
] as const) {
  internal.addSubnet(network, prefix, 'ipv4');
}
for (const [network, prefix] of [
  ['::', 96],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['fc00::', 7],
  ['fec0::', 10],
] as const) {
  internal.addSubnet(network, prefix, 'ipv6');
}

/**
 * `forbidden`: link-local, metadata services, multicast and the like, which no host name may lead
 * to. `private`: this machine and its networks (RFC 6890). `public`: the rest.
 */
export function kindOf(address: string): AddressKind {
  const plain = address.replace(/%.*$/, '');
  const family = isIP(plain);
  if (family === 0) return 'forbidden';
  const embedded = family === 6 ? embeddedIpv4(plain) : undefined;
  if (embedded) return kindOf(embedded);
  const type = family === 6 ? 'ipv6' : 'ipv4';
  if (forbidden.check(plain, type)) return 'forbidden';
  return internal.check(plain, type) ? 'private' : 'public';
}

/** The IPv4 address that an IPv6 address stands for: mapped, NAT64 or 6to4. */
function embeddedIpv4(address: string): string | undefined {
  const groups = expand(address);
  const ipv4 = (high = 0, low = 0) => [high >> 8, high & 255, low >> 8, low & 255].join('.');
  const starts = (...prefix: number[]) => prefix.every((group, index) => groups[index] === group);
  if (starts(0, 0, 0, 0, 0, 0xffff)) return ipv4(groups[6], groups[7]);
  if (starts(0x64, 0xff9b)) return ipv4(groups[6], groups[7]);
  if (starts(0x2002)) return ipv4(groups[1], groups[2]);
  return undefined;
}

function expand(address: string): number[] {
  const text = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) => {
    const hex = (high: string, low: string) => ((Number(high) << 8) | Number(low)).toString(16);
    return `${hex(a, b)}:${hex(c, d)}`;
  });
  const [head = '', tail] = text.split('::');
  const groupsOf = (part: string) =>
    part ? part.split(':').map((group) => parseInt(group, 16)) : [];
  const first = groupsOf(head);
  const last = tail === undefined ? [] : groupsOf(tail);
  return [...first, ...Array(Math.max(0, 8 - first.length - last.length)).fill(0), ...last];
}
