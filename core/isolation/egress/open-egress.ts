import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { NetworkRule } from '../../entry/resolve.ts';
import { type HostResolver, systemResolver } from './address.ts';
import { forwarderSource } from './forwarder.ts';
import { openProxy } from './proxy.ts';
import { covers } from './rules.ts';

/** What a server's way out looks like from inside. */
export interface EgressPlan {
  readonly proxyPort: number;
  /** Loopback addresses inside that stand for an allowed host. */
  readonly hosts: readonly {
    readonly address: string;
    readonly port: number;
    readonly host: string;
  }[];
  /** Variables that name the proxy, for hosts that have no address of their own inside. */
  readonly env: Readonly<Record<string, string>>;
}

/** A server's open way out: a folder to mount, and what it looks like. */
export interface Egress extends EgressPlan {
  /** Holds the proxy's socket and the forwarder; mounted read-only. */
  readonly folder: string;
  /** Resolves once the forwarder inside listens. */
  readonly ready: Promise<void>;
  /** Takes a connection that did not come through the socket. */
  accept(connection: Duplex): void;
  close(): Promise<void>;
}

const PROXY_PORT = 3128;

/**
 * Works out how a server reaches its hosts. A host that the entry names exactly gets a loopback
 * address, so that any library reaches it without knowing of a proxy; wildcards and addresses go
 * through the proxy variables. Without `lowPorts`, so does every port below 1024.
 */
export function planEgress(rules: readonly NetworkRule[], lowPorts: boolean): EgressPlan {
  const exact = [...new Set(rules.map(({ host }) => host))].filter(isNamed);
  const hosts = exact.flatMap((host, index) => {
    const ports = new Set(rules.filter((rule) => covers(rule.host, host)).map(({ port }) => port));
    if (!lowPorts && [...ports].some((port) => port < 1024)) return [];
    return [...ports].map((port) => ({ address: addressOf(host, index), port, host }));
  });
  const proxy = `http://127.0.0.1:${PROXY_PORT}`;
  const direct = ['localhost', '127.0.0.1', '::1', ...new Set(hosts.map(({ host }) => host))];
  const noProxy = [...new Set(direct)].join(',');
  return {
    proxyPort: PROXY_PORT,
    hosts,
    env: {
      HTTP_PROXY: proxy,
      HTTPS_PROXY: proxy,
      NO_PROXY: noProxy,
      http_proxy: proxy,
      https_proxy: proxy,
      no_proxy: noProxy,
      NODE_USE_ENV_PROXY: '1',
    },
  };
}

/** Opens the way out of one server, in its run folder. Undefined when it has no network. */
export async function openEgress(
  rules: readonly NetworkRule[],
  runFolder: string,
  inside: string,
  options: {
    readonly lowPorts: boolean;
    /** Whether the box can mount a socket of this machine. */
    readonly local: boolean;
    readonly resolveHost?: HostResolver;
    readonly onDenied?: (text: string) => void;
  },
): Promise<Egress | undefined> {
  if (rules.length === 0) return undefined;
  const plan = planEgress(rules, options.lowPorts);
  const folder = join(runFolder, 'egress');
  mkdirSync(folder);
  chmodSync(folder, 0o755);
  const { proxyPort, hosts } = plan;
  writeFileSync(
    join(folder, 'forwarder.mjs'),
    forwarderSource({ socket: `${inside}/egress.sock`, proxyPort, hosts }),
    { mode: 0o644 },
  );
  const proxy = await openProxy(options.local ? join(folder, 'egress.sock') : undefined, {
    rules,
    resolveHost: options.resolveHost ?? systemResolver,
    ...(options.onDenied ? { onDenied: options.onDenied } : {}),
  });
  return { ...plan, ...proxy, folder };
}

/** Hosts file of a box: name by name, since one line per address may hold one name only. */
export function hostsOf({ hosts }: EgressPlan): (readonly [address: string, host: string])[] {
  const addresses = new Map(hosts.map(({ host, address }) => [host, address]));
  return [...addresses]
    .filter(([host]) => host !== 'localhost' && !isIP(host))
    .map(([host, address]) => [address, host] as const);
}

/** Whether a rule's host can have a loopback address inside. */
function isNamed(host: string): boolean {
  return !host.startsWith('*') && (isIP(host) === 0 ? !host.startsWith('[') : isLoopback(host));
}

function isLoopback(host: string): boolean {
  return host.startsWith('127.');
}

function addressOf(host: string, index: number): string {
  if (host === 'localhost') return '127.0.0.1';
  if (isLoopback(host)) return host;
  // 127.9.0.1 onwards: programs use the low ones themselves.
  return `127.9.${index >> 8}.${(index & 255) + 1}`;
}
