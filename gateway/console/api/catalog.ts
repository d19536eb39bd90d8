import type { VerifiedServer } from '../../../core/catalog/read-server.ts';
import { describePermissions } from '../../../core/entry/describe-permissions.ts';
import type { ServerEntry, ToolDefinition } from '../../../core/entry/types.generated.ts';
import { describeSigner } from '../../../core/trust/verify.ts';
import { refusalOfServer, refusalOfTool, refusalText } from '../../policy/decide.ts';
import { loadPolicies } from '../../policy/load-policy.ts';
import { type ConsoleContext, catalogsIfAny } from '../context.ts';
import { type ApiRequest, get } from '../route.ts';
import type { ListedServer } from './types.ts';

export const catalogRoutes = [get('/api/catalog', list), get('/api/catalog/:server', show)];

export type CatalogList = Awaited<ReturnType<typeof list>>;
export type ServerDetail = Awaited<ReturnType<typeof show>>;

/** Every server, for a page that searches while one types. */
async function list(_: ApiRequest, context: ConsoleContext) {
  const set = await catalogsIfAny(context);
  const servers = (set?.all() ?? []).map(
    ({ catalog, server }): ListedServer => ({ ...server, source: catalog.source }),
  );
  const categories = new Map(
    (set?.catalogs ?? []).flatMap(({ catalog }) =>
      catalog.categories.map(({ id, title }) => [id, title] as const),
    ),
  );
  return {
    servers,
    categories: [...categories].map(([id, title]) => ({ id, title })),
    catalogs: (set?.catalogs ?? []).map(({ source, catalog, offline }) => ({
      source,
      title: catalog.title,
      number: catalog.number,
      development: catalog.development === true,
      offline,
    })),
  };
}

/** Everything about one version of a server, verified. */
async function show({ params, query }: ApiRequest, context: ConsoleContext) {
  const { server: name = '' } = params;
  const catalogs = await context.catalogsToLookAt();
  const { catalog, server: listed } = catalogs.find(name);
  const server = await catalog.server(name, query.get('version') ?? undefined);
  const policies = await loadPolicies(context.paths);
  const refusal = refusalOfServer(policies, name, {
    source: catalog.source,
    signer: server.evidence.signer,
  });
  return {
    ...factsOf(server),
    source: catalog.source,
    catalogTitle: catalog.catalog.title,
    catalogNumber: catalog.catalog.number,
    development: catalog.catalog.development === true,
    versions: listed.versions,
    permissions: describePermissions(server.entry),
    tools: (server.tools?.tools ?? []).map((tool) => ({
      ...toolOf(tool),
      refused: textOf(refusalOfTool(policies, name, tool.name)),
    })),
    refused: textOf(refusal),
  };

  function textOf(found: ReturnType<typeof refusalOfServer>): string | undefined {
    return found && refusalText(found);
  }
}

/** Identity and provenance. */
function factsOf({ entry, descriptor, evidence, tools }: VerifiedServer) {
  return {
    entry,
    digest: descriptor.digest,
    signer: describeSigner(evidence.signer),
    ...(evidence.logIndex !== undefined && { logIndex: evidence.logIndex }),
    pinned: pinnedTo(entry),
    ...(tools && { capturedFrom: tools.capturedFrom }),
  };
}

function pinnedTo({ npm, container, remote }: ServerEntry): string {
  if (npm) return `${npm.package}@${npm.version}`;
  return container?.image ?? remote?.url ?? '';
}

export interface ToolSummary {
  readonly name: string;
  readonly description: string;
  readonly effect: 'reads' | 'writes' | 'destroys' | undefined;
  readonly inputs: readonly {
    readonly name: string;
    readonly type: string;
    readonly required: boolean;
    readonly description: string;
  }[];
}

/** A tool as a person reads it. */
export function toolOf(tool: ToolDefinition): ToolSummary {
  const schema = (tool.inputSchema ?? {}) as {
    properties?: Record<string, { type?: unknown; description?: unknown; enum?: unknown }>;
    required?: unknown;
  };
  const required = Array.isArray(schema.required) ? schema.required : [];
  return {
    name: tool.name,
    description: String(tool.description ?? ''),
    effect: effectOf(tool.annotations),
    inputs: Object.entries(schema.properties ?? {}).map(([name, property]) => ({
      name,
      type: typeText(property),
      required: required.includes(name),
      description: String(property?.description ?? ''),
    })),
  };
}

function effectOf(annotations: unknown): ToolSummary['effect'] {
  if (typeof annotations !== 'object' || annotations === null) return undefined;
  const { readOnlyHint, destructiveHint } = annotations as Record<string, unknown>;
  if (readOnlyHint === true) return 'reads';
  return destructiveHint === true ? 'destroys' : 'writes';
}

function typeText(property: { type?: unknown; enum?: unknown } | undefined): string {
  const { type, enum: choices } = property ?? {};
  if (Array.isArray(choices)) return choices.map(String).join(' | ');
  return Array.isArray(type) ? type.map(String).join(' | ') : String(type ?? 'any');
}
