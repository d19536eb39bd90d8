import { resolveEntry } from '../../../core/entry/resolve.ts';
import type { CatalogSet } from '../../catalog/catalog-set.ts';
import { portolanPaths } from '../../paths.ts';
import { accountName } from '../../policy/account-name.ts';
import {
  type Refusal,
  refusalOfCandidate,
  refusalOfServer,
  refusalOfTool,
  refusalText,
} from '../../policy/decide.ts';
import { loadPolicies, type Policies, policyFiles } from '../../policy/load-policy.ts';
import { parseAssignments, typedParameters } from '../../profile/settings.ts';
import { openCatalogs } from '../catalog-access.ts';
import { note, print, table } from '../print.ts';
import type { PolicyTestOptions } from './policy.ts';

/** What the policy makes of something. */
interface Verdict {
  readonly allowed: boolean;
  readonly server: string;
  readonly tool?: string;
  readonly rule?: string;
  readonly file?: string;
  readonly reason?: string;
}

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
    const verdicts = catalogs
      .all()
      .map(({ catalog, server: { name } }) =>
        verdictOf(refusalOfServer(policies, name, { source: catalog.source }), name),
      );
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
  const verdict = await verdictOn(server, tool, { policies, catalogs, options });
  print(options.json, verdict, () =>
    verdict.allowed
      ? `allowed: ${tool === undefined ? verdict.server : `${tool} of ${verdict.server}`}; no rule of ${policies.length === 0 ? 'any policy' : policies.map(({ path }) => path).join(' and ')} is against it`
      : `refused: ${verdict.reason}`,
  );
  if (!verdict.allowed) process.exitCode = 7;
}

async function verdictOn(
  text: string,
  tool: string | undefined,
  context: {
    readonly policies: Policies;
    readonly catalogs: CatalogSet;
    readonly options: PolicyTestOptions;
  },
): Promise<Verdict> {
  const { policies, catalogs, options } = context;
  const [name = '', version] = text.split('@');
  const { catalog } = catalogs.find(name);
  const early = refusalOfServer(policies, name, { source: catalog.source });
  if (early) return verdictOf(early, name, tool);
  const { entry, evidence } = await catalogs.server(name, version);
  const refusal = await refusalOfCandidate(policies, {
    entry,
    resolved: resolveEntry(entry, {
      parameters: typedParameters(entry, parseAssignments(options.set).get(name) ?? new Map()),
      secrets: Object.fromEntries((entry.secrets ?? []).map((one) => [one.name, 'placeholder'])),
    }),
    source: catalog.source,
    signer: evidence.signer,
    bare: options.isolation === 'none',
    user: accountName(),
  });
  if (refusal) return verdictOf(refusal, name, tool);
  return verdictOf(
    tool === undefined ? undefined : refusalOfTool(policies, name, tool),
    name,
    tool,
  );
}

function verdictOf(refusal: Refusal | undefined, server: string, tool?: string): Verdict {
  return {
    allowed: refusal === undefined,
    server,
    ...(tool !== undefined && { tool }),
    ...(refusal && {
      rule: refusal.rule,
      file: refusal.layer.path,
      reason: refusalText(refusal),
    }),
  };
}
