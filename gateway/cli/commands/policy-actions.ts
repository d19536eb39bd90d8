import { portolanPaths } from '../../paths.ts';
import { loadPolicies, policyFiles } from '../../policy/load-policy.ts';
import { verdictOn, verdictsOnServers } from '../../policy/verdict.ts';
import { openCatalogs } from '../catalog-access.ts';
import { note, print, table } from '../print.ts';
import type { PolicyTestOptions } from './policy.ts';

export async function showPolicies({ json }: { readonly json?: true }): Promise<void> {
  const paths = portolanPaths();
  const policies = await loadPolicies(paths);
  print(json, policies, () =>
    policies.length > 0
      ? policies
          .map(
            ({ owner, path, policy }) =>
              `${path} (${owner})\n${JSON.stringify(policy, null, 2).replace(/^/gm, '  ')}`,
          )
          .join('\n')
      : `no policy applies; looked for ${policyFiles(paths)
          .map(({ path }) => path)
          .join(' and ')}`,
  );
}

export async function testPolicies(
  server: string | undefined,
  tool: string | undefined,
  options: PolicyTestOptions,
): Promise<void> {
  const paths = portolanPaths();
  const policies = await loadPolicies(paths);
  const catalogs = await openCatalogs(options, paths, note);
  if (server === undefined) {
    const verdicts = verdictsOnServers(policies, catalogs);
    print(options.json, verdicts, () =>
      table(
        verdicts.map(({ allowed, server: name, reason = '' }) => [
          allowed ? 'allowed' : 'refused',
          name,
          reason,
        ]),
      ),
    );
    return;
  }
  const verdict = await verdictOn(server, tool, { policies, catalogs, ...options });
  print(options.json, verdict, () =>
    verdict.allowed
      ? `allowed: ${tool === undefined ? verdict.server : `${tool} of ${verdict.server}`}; no rule of ${policies.length === 0 ? 'any policy' : policies.map(({ path }) => path).join(' and ')} is against it`
      : `refused: ${verdict.reason}`,
  );
  if (!verdict.allowed) process.exitCode = 7;
}
