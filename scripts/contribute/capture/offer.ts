import { canonicalJson } from '../../../core/entry/canonical.ts';
import { validatorOf } from '../../../core/entry/schema.ts';
import type { CapturedTools } from '../../../core/entry/types.generated.ts';
import { PortolanError } from '../../../core/errors.ts';

/** Everything that a server offered in one run, as it said it. */
export interface Offer {
  readonly protocolVersion?: string;
  readonly serverInfo: CapturedTools['serverInfo'];
  readonly instructions?: string;
  readonly capabilities: CapturedTools['capabilities'];
  readonly tools: readonly Item[];
  readonly prompts: readonly Item[];
  readonly resources: readonly Item[];
  readonly resourceTemplates: readonly Item[];
}

export type Item = Readonly<Record<string, unknown>>;

const LISTS = ['tools', 'prompts', 'resources', 'resourceTemplates'] as const;

// How the keys of an item stand in tools.json; others follow as the server sends them.
const ORDER = ['name', 'title', 'uri', 'uriTemplate', 'description', 'mimeType', 'inputSchema'];

/**
 * tools.json of an offer. Empty lists other than tools are left out, and so is what says something
 * about the moment instead of the server: sizes and dates of resources.
 *
 * Throws `malformed` when the offer does not fit schemas/tools.schema.json.
 */
export function capturedTools(
  offer: Offer,
  source: { readonly capturedFrom: string; readonly capturedWith?: string },
): CapturedTools {
  const value = {
    ...source,
    ...(offer.protocolVersion ? { protocolVersion: offer.protocolVersion } : {}),
    serverInfo: offer.serverInfo,
    ...(offer.instructions ? { instructions: offer.instructions } : {}),
    capabilities: offer.capabilities,
    tools: offer.tools.map(inOrder),
    ...(offer.prompts.length ? { prompts: offer.prompts.map(inOrder) } : {}),
    ...(offer.resources.length
      ? { resources: offer.resources.map((item) => inOrder(lasting(item))) }
      : {}),
    ...(offer.resourceTemplates.length
      ? { resourceTemplates: offer.resourceTemplates.map(inOrder) }
      : {}),
  };
  const validate = validatorOf('tools');
  if (validate(value)) return value;
  const [first] = validate.errors ?? [];
  throw new PortolanError(
    'malformed',
    'TOOLS_MALFORMED',
    `${source.capturedFrom} offers something that MCP does not allow: ${first?.instancePath} ${first?.message}; report it to the server's author`,
  );
}

function inOrder(
  item: Item,
): CapturedTools['tools'][number] & { uri: string; uriTemplate: string } {
  const known = ORDER.filter((key) => key in item);
  const rest = Object.keys(item).filter((key) => !ORDER.includes(key));
  // What MCP demands of each list is checked against the schema once all is together.
  return Object.fromEntries([...known, ...rest].map((key) => [key, item[key]])) as never;
}

function lasting(resource: Item): Item {
  const { size: _size, annotations, ...rest } = resource;
  if (typeof annotations !== 'object' || annotations === null) return rest;
  const { lastModified: _lastModified, ...kept } = annotations as Record<string, unknown>;
  return Object.keys(kept).length ? { ...rest, annotations: kept } : rest;
}

/**
 * How one capture differs from another, one line per thing; empty when they say the same. The order
 * of keys and of lists does not matter: some servers list from an unordered map.
 */
export function offerChanges(before: CapturedTools | undefined, after: CapturedTools): string[] {
  const lines: string[] = [];
  for (const list of LISTS) {
    const word = list === 'resourceTemplates' ? 'resource template' : list.slice(0, -1);
    const old = byKey(before?.[list] ?? []);
    const now = byKey(after[list] ?? []);
    for (const [key, item] of now) {
      const was = old.get(key);
      if (was === undefined) lines.push(`+ ${word} ${key}`);
      else if (canonicalJson(was) !== canonicalJson(item)) {
        lines.push(`~ ${word} ${key}: ${changedKeys(was, item).join(', ')}`);
      }
    }
    for (const key of old.keys()) if (!now.has(key)) lines.push(`- ${word} ${key}`);
  }
  if (before) {
    for (const key of [
      'capturedFrom',
      'capturedWith',
      'protocolVersion',
      'serverInfo',
      'instructions',
      'capabilities',
    ] as const) {
      if (canonicalJson(before[key] ?? null) !== canonicalJson(after[key] ?? null)) {
        lines.push(`~ ${key}`);
      }
    }
  }
  return lines;
}

function byKey(items: readonly object[]): Map<string, Item> {
  return new Map(
    items.map((value) => {
      const item = value as Item;
      return [String(item.uri ?? item.uriTemplate ?? item.name), item];
    }),
  );
}

function changedKeys(before: Item, after: Item): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (key) => canonicalJson(before[key] ?? null) !== canonicalJson(after[key] ?? null),
  );
}
