import { expect, it } from 'vitest';
import { toLine } from '../../scripts/registry/format-findings.ts';
import { loadServer } from '../../scripts/registry/load.ts';
import { type IntegrityLookUp, npmRegistry } from '../../scripts/rules/npm-registry.ts';
import { collect } from '../../scripts/rules/rule.ts';
import { GOOD, LOCK, registryOf } from './support.ts';

async function check(lookUp: IntegrityLookUp, name = 'weather') {
  const rule = npmRegistry(lookUp);
  const server = loadServer(registryOf(GOOD), name);
  return (await collect(rule.name, rule.check({ server, config: undefined }))).map(toLine);
}

it('passes when the registry gives the same integrity, and asks for npm entries only', async () => {
  const asked: string[] = [];
  const lookUp = async (spec: string) => {
    asked.push(spec);
    return LOCK.packages['node_modules/wind'].integrity;
  };
  expect(await check(lookUp)).toEqual([]);
  expect(await check(lookUp, 'tides')).toEqual([]);
  expect(asked).toEqual(['@example/weather@2.0.1']);
});

it('tells another integrity, none, and a registry that does not answer', async () => {
  const at = 'registry/servers/weather/server.yaml:17:14: npm.integrity';
  expect(await check(async () => 'sha512-other')).toEqual([
    `${at}: the npm registry gives "sha512-other" for @example/weather@2.0.1; find out where the other one came from before you change it`,
  ]);
  expect(await check(async () => undefined)).toEqual([expect.stringContaining('gives "none" for')]);
  expect(await check(() => Promise.reject(new Error('E404 not found')))).toEqual([
    expect.stringContaining('gave no answer about @example/weather@2.0.1 ("E404 not found")'),
  ]);
});
