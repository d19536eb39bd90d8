import { describe, expect, test } from 'vitest';
import type { NetworkRule } from '../../core/entry/resolve.ts';
import { kindOf } from '../../core/isolation/egress/address.ts';
import { planEgress } from '../../core/isolation/egress/open-egress.ts';
import { permittedAddress } from '../../core/isolation/egress/rules.ts';

const PUBLIC = '93.184.215.14';

function ask(rules: NetworkRule[], host: string, port: number, addresses: string[] = [PUBLIC]) {
  return permittedAddress(rules, host, port, async () => addresses);
}

describe('kindOf', () => {
  test.each([
    ['93.184.215.14', 'public'],
    ['2606:2800:21f:cb07::1', 'public'],
    ['127.0.0.1', 'private'],
    ['10.1.2.3', 'private'],
    ['172.31.255.255', 'private'],
    ['192.168.1.1', 'private'],
    ['100.64.0.1', 'private'],
    ['::1', 'private'],
    ['fd12:3456::1', 'private'],
    ['169.254.169.254', 'forbidden'],
    ['100.100.100.200', 'forbidden'],
    ['fd00:ec2::254', 'forbidden'],
    ['fe80::1', 'forbidden'],
    ['fe80::1%eth0', 'forbidden'],
    ['0.0.0.0', 'forbidden'],
    ['::', 'forbidden'],
    ['224.0.0.1', 'forbidden'],
    ['255.255.255.255', 'forbidden'],
    ['::ffff:127.0.0.1', 'private'],
    ['::ffff:a9fe:a9fe', 'forbidden'],
    ['64:ff9b::a9fe:a9fe', 'forbidden'],
    ['2002:a9fe:a9fe::1', 'forbidden'],
    ['::ffff:93.184.215.14', 'public'],
    ['not an address', 'forbidden'],
  ])('%s is %s', (address, kind) => {
    expect(kindOf(address)).toBe(kind);
  });
});

describe('permittedAddress', () => {
  const exact = [{ host: 'api.example.com', port: 443 }];
  const wild = [{ host: '*.example.com', port: 443 }];
  const any = [{ host: '*', port: 443 }];

  test('takes the exact host and port, in any spelling', async () => {
    expect(await ask(exact, 'api.example.com', 443)).toBe(PUBLIC);
    expect(await ask(exact, 'API.Example.com.', 443)).toBe(PUBLIC);
    await expect(ask(exact, 'api.example.com', 80)).rejects.toThrow(/not among the hosts/);
    await expect(ask(exact, 'api.example.com.evil.test', 443)).rejects.toThrow(/not among/);
    await expect(ask(exact, 'xapi.example.com', 443)).rejects.toThrow(/not among/);
  });

  test('takes sub-domains for a wildcard, not the domain itself', async () => {
    expect(await ask(wild, 'a.b.example.com', 443)).toBe(PUBLIC);
    await expect(ask(wild, 'example.com', 443)).rejects.toThrow(/not among/);
    await expect(ask(wild, 'badexample.com', 443)).rejects.toThrow(/not among/);
    await expect(ask(wild, '.example.com', 443)).rejects.toThrow(/not among/);
  });

  test('never takes an address for a wildcard', async () => {
    expect(await ask(any, 'anything.test', 443)).toBe(PUBLIC);
    await expect(ask(any, PUBLIC, 443)).rejects.toThrow(/not among/);
    await expect(ask(any, '[::1]', 443)).rejects.toThrow(/not among/);
  });

  test('refuses a name that leads inside, unless the user chose it', async () => {
    const chosen = [{ host: 'db.corp.test', port: 5432, chosenByUser: true as const }];
    await expect(ask(exact, 'api.example.com', 443, ['10.0.0.5'])).rejects.toThrow(
      /private network/,
    );
    expect(await ask(chosen, 'db.corp.test', 5432, ['10.0.0.5'])).toBe('10.0.0.5');
    await expect(ask(chosen, 'db.corp.test', 5432, ['169.254.169.254'])).rejects.toThrow(
      /metadata/,
    );
  });

  test('uses only those of several addresses that are permitted', async () => {
    expect(await ask(exact, 'api.example.com', 443, ['10.0.0.5', PUBLIC])).toBe(PUBLIC);
  });

  test('takes an address that is named literally', async () => {
    const rules = [{ host: '10.0.0.5', port: 5432 }];
    expect(await ask(rules, '10.0.0.5', 5432)).toBe('10.0.0.5');
    await expect(ask(rules, '10.0.0.6', 5432)).rejects.toThrow(/not among/);
  });
});

describe('planEgress', () => {
  const rules = [
    { host: 'api.example.com', port: 443 },
    { host: 'db.example.com', port: 5432 },
    { host: '*.example.org', port: 443 },
    { host: '10.0.0.5', port: 80 },
  ];

  test('gives each named host an address and leaves the rest to the proxy', () => {
    const { hosts, env } = planEgress(rules, true);
    expect(hosts).toEqual([
      { address: '127.9.0.1', port: 443, host: 'api.example.com' },
      { address: '127.9.0.2', port: 5432, host: 'db.example.com' },
    ]);
    expect(env.NO_PROXY?.split(',')).toEqual([
      'localhost',
      '127.0.0.1',
      '::1',
      'api.example.com',
      'db.example.com',
    ]);
  });

  test('leaves low ports to the proxy where the box cannot listen on them', () => {
    const { hosts, env } = planEgress(rules, false);
    expect(hosts.map(({ host }) => host)).toEqual(['db.example.com']);
    expect(env.NO_PROXY).not.toContain('api.example.com');
  });

  test('a wildcard widens the ports of a named host', () => {
    const wide = [...rules, { host: '*', port: 8080 }];
    const ports = planEgress(wide, true).hosts.filter(({ host }) => host === 'api.example.com');
    expect(ports.map(({ port }) => port)).toEqual([443, 8080]);
  });
});
