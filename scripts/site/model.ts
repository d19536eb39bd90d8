import type {
  CatalogConfig,
  CatalogSummary,
  Category,
  ServerEntry,
  ToolDefinition,
} from '../../core/entry/types.generated.ts';
import type { Change } from './changes.ts';
import type { Signature } from './signature.ts';

/** What every page knows about the catalog. */
export interface SiteData {
  readonly title: string;
  readonly description: string;
  readonly namespace: string;
  readonly source: string;
  readonly branch: string;
  readonly repository: string;
  /** Address of the published site, without a slash at its end. */
  readonly origin?: string;
  readonly signers: CatalogConfig['signers'];
  readonly theme: CatalogConfig['theme'];
  readonly logo: boolean;
  readonly number: number;
  readonly commit?: string;
  readonly digest: string;
  readonly development: boolean;
  readonly signature: Signature;
  /** Only categories with entries are counted; all are listed. */
  readonly categories: readonly (Category & { readonly count: number })[];
  readonly count: number;
  /** True above FILES_PER_SERVER_LIMIT entries: extras per server are bundled into shards. */
  readonly large: boolean;
  /** True above PAGE_PER_SERVER_LIMIT entries: pages too are in shards, and one page shows each. */
  readonly huge: boolean;
}

/** One line of any list of servers, newest version. */
export interface ListItem {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly kind: CatalogSummary['kind'];
  readonly categories: readonly string[];
  readonly tags: readonly string[];
  readonly license: string;
  readonly publisher: string;
  readonly verified?: 'github-org' | 'dns';
  readonly toolNames: readonly string[];
  readonly dynamicTools: boolean;
  readonly network: CatalogSummary['network'];
  readonly signIn: CatalogSummary['signIn'];
  readonly secrets: number;
  readonly status: 'active' | 'deprecated' | 'withdrawn';
  readonly replacement?: string;
  readonly version: string;
  readonly versions: number;
  /** First publication of the server, and of its newest version (RFC 3339). */
  readonly added?: string;
  readonly updated?: string;
  readonly icon: boolean;
  readonly signature: Signature;
  /** Downloads of a week, where the registry has collected them. */
  readonly downloads?: number;
}

/** What a card shows; the build has it from the list, the browser from the catalog index. */
export type Card = Pick<
  ListItem,
  'name' | 'title' | 'description' | 'kind' | 'publisher' | 'network' | 'signIn' | 'status' | 'icon'
> & {
  readonly verified?: string | undefined;
  readonly tools: number;
  readonly dynamicTools: boolean;
};

/** All that a server's page shows. */
export interface ServerPage {
  readonly item: ListItem;
  readonly entry: ServerEntry;
  readonly tools: readonly ToolDefinition[];
  /** The inputs of its tools are on a page of their own: they would make this one heavy. */
  readonly toolsApart: boolean;
  readonly capturedFrom?: string;
  readonly prompts: readonly { readonly name: string; readonly description?: string }[];
  readonly resources: number;
  /** Sanitised SVG, in a large catalog, where icons have no files. */
  readonly icon?: string;
  /** Sanitised HTML. */
  readonly readme?: string;
  readonly digest: string;
  /** Who signed the newest version. */
  readonly signature: Signature;
  readonly lock?: string;
  readonly sbom?: string;
  readonly history: readonly VersionOfServer[];
}

export interface VersionOfServer {
  readonly version: string;
  readonly digest: string;
  readonly status: 'active' | 'deprecated' | 'withdrawn';
  readonly publishedAt?: string;
  /** What changed since the version before; absent for the first one. */
  readonly changes?: readonly Change[];
}

/** A server for programs: servers/NAME/server.json, or a member of a shard in data/. */
export type ServerJson = Pick<ServerPage, 'entry' | 'tools' | 'digest' | 'lock' | 'history'>;

/** Above this many entries each server has one file, its page; the rest is bundled. */
export const FILES_PER_SERVER_LIMIT = 2500;

/** Path segment of a publisher's or tag's name. */
export function slugOf(text: string): string {
  const slug = text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return slug || 'other';
}

/** What shards and slices are made by: thirteen bits of a name's FNV-1a hash. */
export function nameHash(name: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index++) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  }
  return (hash ^ (hash >>> 12)) & 0x1fff;
}

/**
 * Path below the base of the file that holds a server's JSON among others: one of 4,096, or in a huge
 * catalog, where it holds their pages too, of 8,192.
 */
export const shardPath = (name: string, huge: boolean): string =>
  huge
    ? `data/${nameHash(name).toString(16).padStart(4, '0')}.gz`
    : `data/${(nameHash(name) & 0xfff).toString(16).padStart(3, '0')}.json`;

/** In how many parts the full-text index is made: when a server changes, only its part is made anew. */
export function fullTextParts(servers: number): number {
  if (servers <= FILES_PER_SERVER_LIMIT) return 1;
  return servers <= 20_000 ? 8 : 16;
}
