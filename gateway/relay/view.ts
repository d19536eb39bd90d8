import { type CacheHints, type ListKind, type LiveList, stricter } from './line.ts';
import { type PrefixMode, prefixedUri, publicNames } from './names.ts';
import { isObject } from './protocol.ts';
import type { Server } from './server.ts';
import type { Definition } from './upstream.ts';

/** Where a request by a public name or URI goes, and what the server itself calls it. */
export interface Route {
  readonly server: Server;
  readonly name: string;
}

/** A resource template in parts, to find the server of a URI. */
interface TemplateRoute extends Route {
  readonly literals: readonly string[];
  readonly weight: number;
}

/** All that clients with the same capabilities see: one list of each kind over all servers. */
export interface View {
  readonly lists: Readonly<Record<ListKind, readonly Definition[]>>;
  readonly hints: Readonly<Record<ListKind, CacheHints>>;
  readonly tools: ReadonlyMap<string, Route>;
  readonly prompts: ReadonlyMap<string, Route>;
  readonly resources: ReadonlyMap<string, Route>;
  readonly resourceTemplates: ReadonlyMap<string, Route>;
  readonly templates: readonly TemplateRoute[];
  /** Public name of a tool or prompt that is withheld, with the reason. */
  readonly withheld: ReadonlyMap<string, Withheld>;
}

/** Why something cannot be called. */
export interface Withheld {
  readonly server: Server;
  readonly why: string;
  /** The user switched it off; nothing is wrong with it. */
  readonly off?: true;
}

export interface ViewOptions {
  readonly prefix: PrefixMode;
  readonly toolChanges: 'block' | 'warn';
  /** False hides a tool from lists and calls. */
  readonly allowTool?: ((server: string, tool: string) => boolean) | undefined;
}

interface Offer {
  readonly server: Server;
  readonly name: string;
  readonly definition: Definition;
  readonly why?: string;
  readonly off?: true;
}

/** Builds the view from what is signed and what is known of live servers; starts nothing. */
export function buildView(
  servers: readonly Server[],
  capabilitiesKey: string,
  options: ViewOptions,
): View {
  const withheld = new Map<string, Withheld>();
  const named = (kind: 'tools' | 'prompts') => {
    const offers = servers.flatMap((server) => offersOf(server, kind, capabilitiesKey, options));
    const names = publicNames(
      offers.map(({ server, name }) => ({ server: server.upstream.name, name })),
      options.prefix,
    );
    const routes = new Map<string, Route>();
    const list: Definition[] = [];
    for (const [index, { server, name, definition, why, off }] of offers.entries()) {
      const shown = names[index];
      if (shown === undefined) continue;
      if (why !== undefined) {
        withheld.set(`${kind} ${shown}`, { server, why, ...(off && { off }) });
        continue;
      }
      routes.set(shown, { server, name });
      list.push(shown === name ? definition : { ...definition, name: shown });
    }
    return { routes, list };
  };
  const tools = named('tools');
  const prompts = named('prompts');
  const resources = located(servers, 'resources', 'uri', capabilitiesKey);
  const templates = located(servers, 'resourceTemplates', 'uriTemplate', capabilitiesKey);
  return {
    lists: {
      tools: tools.list,
      prompts: prompts.list,
      resources: resources.list,
      resourceTemplates: templates.list,
    },
    hints: {
      tools: hintsOf(servers, 'tools', capabilitiesKey),
      prompts: hintsOf(servers, 'prompts', capabilitiesKey),
      resources: hintsOf(servers, 'resources', capabilitiesKey),
      resourceTemplates: hintsOf(servers, 'resourceTemplates', capabilitiesKey),
    },
    tools: tools.routes,
    prompts: prompts.routes,
    resources: resources.routes,
    resourceTemplates: templates.routes,
    templates: [...templates.routes]
      .map(([template, route]) => ({ ...route, ...templateParts(template) }))
      .sort((a, b) => b.weight - a.weight),
    withheld,
  };
}

/** The server of a URI: named by a list, or by the most exact template that fits. */
export function routeOfUri(view: View, uri: string): Route | undefined {
  const listed = view.resources.get(uri);
  if (listed) return listed;
  const template = view.templates.find(({ literals }) => fits(literals, uri));
  if (!template) return undefined;
  const prefix = prefixedUri(template.server.upstream.name, '');
  return {
    server: template.server,
    name: uri.startsWith(prefix) ? uri.slice(prefix.length) : uri,
  };
}

/** Names are given to all that is signed, withheld or not, so that a change never renames others. */
function offersOf(
  server: Server,
  kind: 'tools' | 'prompts',
  capabilitiesKey: string,
  { toolChanges, allowTool }: ViewOptions,
): Offer[] {
  const known = server.knowledge(capabilitiesKey);
  const signed = server.signed(kind);
  const live = known.lists[kind]?.items;
  const block = signed !== undefined && toolChanges === 'block';
  const definitions = block ? signed : (live ?? signed ?? []);
  return definitions
    .map((definition): Offer => {
      const name = String(definition.name);
      const refusal = kind === 'tools' ? server.upstream.toolRefusal?.(name) : undefined;
      if (refusal !== undefined) return { server, name, definition, why: refusal, off: true };
      const why = block ? known.withheld(kind, name) : undefined;
      return { server, name, definition, ...(why !== undefined && { why }) };
    })
    .filter(({ name }) => kind !== 'tools' || !allowTool || allowTool(server.upstream.name, name));
}

function located(
  servers: readonly Server[],
  kind: 'resources' | 'resourceTemplates',
  field: 'uri' | 'uriTemplate',
  capabilitiesKey: string,
) {
  const offers = servers.flatMap((server) =>
    (server.knowledge(capabilitiesKey).lists[kind]?.items ?? server.signed(kind) ?? []).map(
      (definition) => ({ server, definition, uri: String(definition[field]) }),
    ),
  );
  const owners = new Map<string, Set<Server>>();
  for (const { uri, server } of offers) {
    const users = owners.get(uri);
    if (users) users.add(server);
    else owners.set(uri, new Set([server]));
  }
  const routes = new Map<string, Route>();
  const list: Definition[] = [];
  for (const { server, definition, uri } of offers) {
    const shared = (owners.get(uri)?.size ?? 0) > 1;
    const shown = shared ? prefixedUri(server.upstream.name, uri) : uri;
    if (routes.has(shown)) continue;
    routes.set(shown, { server, name: uri });
    list.push(shared ? { ...definition, [field]: shown } : definition);
  }
  return { routes, list };
}

function hintsOf(servers: readonly Server[], kind: ListKind, capabilitiesKey: string) {
  let hints: CacheHints = {};
  for (const server of servers) {
    const live = server.knowledge(capabilitiesKey).lists[kind];
    if (live) hints = stricter(hints, leftOf(live));
  }
  return hints;
}

/** The hints with the time that is left: a list may be from an earlier run. */
function leftOf({ ttlMs, cacheScope, listedAt }: LiveList): CacheHints {
  const left = ttlMs !== undefined && Math.max(0, Math.min(ttlMs, listedAt + ttlMs - Date.now()));
  return { ...(left !== false && { ttlMs: left }), ...(cacheScope && { cacheScope }) };
}

/** Literal parts between the expressions of a URI template (RFC 6570). */
function templateParts(template: string): { literals: string[]; weight: number } {
  const literals = template.split(/\{[^}]*\}/);
  return { literals, weight: literals.join('').length };
}

/** Whether the literals appear in this order; linear in the URI, whatever a server's template is. */
function fits(literals: readonly string[], uri: string): boolean {
  const first = literals[0] ?? '';
  const last = literals.at(-1) ?? '';
  if (literals.length === 1) return uri === first;
  if (uri.length < first.length + last.length) return false;
  if (!uri.startsWith(first) || !uri.endsWith(last)) return false;
  let from = first.length;
  const end = uri.length - last.length;
  for (const literal of literals.slice(1, -1)) {
    const at = uri.indexOf(literal, from);
    if (at < 0 || at + literal.length > end) return false;
    from = at + literal.length;
  }
  return true;
}

/**
 * A definition for clients of earlier revisions: their schemas refuse a whole list for one output
 * schema that is no object. 2026-07-28 in turn has no `execution`.
 */
export function forEra(tool: Definition, era: 'legacy' | 'modern'): Definition {
  if (era === 'modern') {
    if (!('execution' in tool)) return tool;
    const { execution: _, ...rest } = tool;
    return rest;
  }
  if (!isObject(tool.outputSchema) || tool.outputSchema.type === 'object') return tool;
  const { outputSchema: _, ...rest } = tool;
  return rest;
}
