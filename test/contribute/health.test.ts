import { expect, test } from 'vitest';
import type { ServerEntry } from '../../core/entry/types.generated.ts';
import { checkHealth, type HealthSources } from '../../scripts/contribute/health/health.ts';
import type { NpmFacts } from '../../scripts/contribute/npm-facts.ts';
import type { RemoteProbe } from '../../scripts/contribute/remote-probe.ts';

const now = new Date('2026-06-01T00:00:00Z');
const common = {
  version: '1.0.0',
  title: 'X',
  description: 'An entry of a test, with nothing in it.',
  categories: ['reference'],
  license: 'MIT',
  publisher: { name: 'X', url: 'https://example.org' },
  links: { homepage: 'https://example.org' },
  tools: 'static',
} as const;

function remote(oauth?: object): ServerEntry {
  const url = 'https://mcp.example.org/mcp';
  return {
    ...common,
    categories: ['reference'],
    name: 'remote',
    remote: { transport: 'streamable-http', url, ...(oauth ? { oauth } : {}) },
  };
}

const npmEntry: ServerEntry = {
  ...common,
  categories: ['reference'],
  name: 'package',
  npm: { package: 'pkg', version: '1.0.0', integrity: 'sha512-one' },
  permissions: { network: 'none' },
};

async function factsOf(entry: ServerEntry, sources: HealthSources): Promise<string[]> {
  const findings = await checkHealth([entry], { now, ...sources });
  return findings.map(({ kind, fact }) => `${kind}: ${fact}`);
}

const seen = (probe: Partial<RemoteProbe>) => async (): Promise<RemoteProbe> => ({
  reachable: true,
  transport: 'streamable-http',
  auth: 'none',
  certificateUntil: '2026-12-01T00:00:00Z',
  ...probe,
});

test('a healthy endpoint is no finding', async () => {
  expect(await factsOf(remote(), { probe: seen({}) })).toEqual([]);
  const withOauth = remote({ registration: 'dynamic' });
  expect(await factsOf(withOauth, { probe: seen({ auth: 'oauth' }) })).toEqual([]);
});

test.each([
  [{ reachable: false, fact: 'ECONNREFUSED' }, /^endpoint: .* is not reachable: ECONNREFUSED/],
  [{ certificateUntil: '2026-06-05T00:00:00Z' }, /^certificate: .* ends in 4 days/],
  [{ auth: 'oauth' as const }, /^sign-in: .* now asks for a sign-in/],
  [{ transport: 'sse' as const }, /^endpoint: .* speaks sse, not streamable-http/],
])('an endpoint with %o is told', async (probe, expected) => {
  expect(await factsOf(remote(), { probe: seen(probe) })).toEqual([
    expect.stringMatching(expected),
  ]);
});

test('an endpoint that no longer needs its sign-in is told', async () => {
  const [fact] = await factsOf(remote({}), { probe: seen({ auth: 'none' }) });
  expect(fact).toMatch(/^sign-in: .* answers without a sign-in/);
});

const facts =
  (...answers: Partial<NpmFacts>[]) =>
  async (): Promise<NpmFacts> => ({
    name: 'pkg',
    version: '1.0.0',
    integrity: 'sha512-one',
    license: 'MIT',
    keywords: [],
    bin: { pkg: 'index.js' },
    ...(answers.length > 1 ? answers.shift() : answers[0]),
  });

test('a package that changed its license, its content or its standing is told', async () => {
  expect(await factsOf(npmEntry, { facts: facts({}) })).toEqual([]);
  expect(
    await factsOf(npmEntry, {
      facts: facts(
        { integrity: 'sha512-two', deprecated: 'use other' },
        { version: '2.0.0', license: 'BUSL-1.1' },
      ),
    }),
  ).toEqual([
    'package: pkg@1.0.0 is deprecated: use other',
    'package: the registry now gives another integrity for pkg@1.0.0: sha512-two',
    'license: pkg@2.0.0 says BUSL-1.1, the entry says MIT',
  ]);
});

test('tombstones that lead nowhere, and deprecations without an end, are told', async () => {
  const withdrawn: ServerEntry = {
    ...npmEntry,
    status: { state: 'withdrawn', reason: 'Gone for good.', replacement: 'missing' },
  };
  expect(await factsOf(withdrawn, {})).toEqual([
    'tombstone: its replacement missing does not exist',
  ]);
  const deprecated: ServerEntry = {
    ...npmEntry,
    status: { state: 'deprecated', reason: 'No longer kept.' },
  };
  const sources = { facts: facts({}), changedAt: async () => new Date('2025-06-01T00:00:00Z') };
  expect(await factsOf(deprecated, sources)).toEqual([
    'tombstone: it has been deprecated for 365 days; withdraw it or make it active again',
  ]);
});
