import { canonicalJson } from '../../../core/entry/canonical.ts';
import { renderToolDiff } from '../../../core/entry/render-diff.ts';
import { validatorOf } from '../../../core/entry/schema.ts';
import { toolDiff } from '../../../core/entry/tool-diff.ts';
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
  return [
    ...renderToolDiff(toolDiff(before?.tools ?? [], after.tools)),
    ...listChanges('prompt', before?.prompts, after.prompts),
    ...listChanges('resource', before?.resources, after.resources),
    ...listChanges('resource template', before?.resourceTemplates, after.resourceTemplates),
    ...(before ? FACTS.filter((key) => differs(before[key], after[key])) : []).map(
      (key) => `! ${key}`,
    ),
  ];
}

const FACTS = [
  'capturedFrom',
  'capturedWith',
  'protocolVersion',
  'serverInfo',
  'instructions',
  'capabilities',
] as const;

function listChanges(
  word: string,
  before: readonly object[] = [],
  after: readonly object[] = [],
): string[] {
  const [old, now] = [byKey(before), byKey(after)];
  return [
    ...[...now.keys()].filter((key) => !old.has(key)).map((key) => `+ ${word} ${key}`),
    ...[...old.keys()].filter((key) => !now.has(key)).map((key) => `- ${word} ${key}`),
    ...[...now]
      .filter(([key, item]) => old.has(key) && differs(old.get(key), item))
      .map(([key]) => `! ${word} ${key}`),
  ];
}

function byKey(items: readonly object[]): Map<string, Item> {
  return new Map(
    items.map((value) => {
      const item = value as Item;
      return [String(item.uri ?? item.uriTemplate ?? item.name), item];
    }),
  );
}

function differs(a: unknown, b: unknown): boolean {
  return canonicalJson(a ?? null) !== canonicalJson(b ?? null);
}
