import { resolveEntry } from '../../core/entry/resolve.ts';
import type { CatalogSet } from '../catalog/catalog-set.ts';
import { parseAssignments, typedParameters } from '../profile/settings.ts';
import { accountName } from './account-name.ts';
import {
  type Refusal,
  refusalOfCandidate,
  refusalOfServer,
  refusalOfTool,
  refusalText,
} from './decide.ts';
import type { Policies } from './load-policy.ts';

/** What the policy makes of something. */
export interface Verdict {
  readonly allowed: boolean;
  readonly server: string;
  readonly tool?: string;
  readonly rule?: string;
  readonly file?: string;
  readonly reason?: string;
}

/** What the policies make of every server, by its name and catalog. */
export function verdictsOnServers(policies: Policies, catalogs: CatalogSet): readonly Verdict[] {
  return catalogs
    .all()
    .map(({ catalog, server: { name } }) =>
      verdictOf(refusalOfServer(policies, name, { source: catalog.source }), name),
    );
}

/** What the policies make of a server as NAME or NAME@VERSION, or of one of its tools. Starts nothing. */
export async function verdictOn(
  text: string,
  tool: string | undefined,
  context: {
    readonly policies: Policies;
    readonly catalogs: CatalogSet;
    /** SERVER.PARAMETER=VALUE. */
    readonly set: readonly string[];
    readonly isolation: string;
  },
): Promise<Verdict> {
  const { policies, catalogs, set, isolation } = context;
  const [name = '', version] = text.split('@');
  const { catalog } = catalogs.find(name);
  const early = refusalOfServer(policies, name, { source: catalog.source });
  if (early) return verdictOf(early, name, tool);
  const { entry, evidence } = await catalogs.server(name, version);
  const refusal = await refusalOfCandidate(policies, {
    entry,
    resolved: resolveEntry(entry, {
      parameters: typedParameters(entry, parseAssignments(set).get(name) ?? new Map()),
      secrets: Object.fromEntries((entry.secrets ?? []).map((one) => [one.name, 'placeholder'])),
    }),
    source: catalog.source,
    signer: evidence.signer,
    bare: isolation === 'none',
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
