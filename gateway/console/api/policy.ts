import { loadPolicies, policyFiles } from '../../policy/load-policy.ts';
import { verdictOn, verdictsOnServers } from '../../policy/verdict.ts';
import { type ConsoleContext, catalogsIfAny } from '../context.ts';
import { type ApiRequest, get } from '../route.ts';

export const policyRoutes = [
  get('/api/policy', show),
  get('/api/policy/:server', testServer),
  get('/api/policy/:server/:tool', testServer),
];

export type PolicyView = Awaited<ReturnType<typeof show>>;
export type { Verdict } from '../../policy/verdict.ts';

async function show(_: ApiRequest, context: ConsoleContext) {
  const policies = await loadPolicies(context.paths);
  const catalogs = await catalogsIfAny(context);
  const verdicts = catalogs ? verdictsOnServers(policies, catalogs) : [];
  return {
    policies,
    lookedFor: policyFiles(context.paths).map(({ owner, path }) => ({ owner, path })),
    allowed: verdicts.filter(({ allowed }) => allowed).length,
    refused: verdicts.filter(({ allowed }) => !allowed),
  };
}

/** What the policy makes of a server or a tool, before parameters are set. */
async function testServer({ params }: ApiRequest, context: ConsoleContext) {
  return verdictOn(params.server ?? '', params.tool, {
    policies: await loadPolicies(context.paths),
    catalogs: await context.catalogs(),
    set: [],
    isolation: 'auto',
  });
}
