/**
 * Several servers of a huge catalog in one file: their JSON, and what their pages would show. Shared
 * by the build and the browser, so it imports types only.
 */
import type { ServerJson } from './model.ts';

/**
 * As it is written, before gzip. What is alike on all pages stands side by side, because gzip looks
 * back 32 KB only: that halves the file.
 */
export interface Shard {
  readonly names: readonly string[];
  /** HTML of each server, first part and last part. */
  readonly heads: readonly string[];
  readonly tails: readonly string[];
  readonly rest: readonly Rest[];
}

interface Rest {
  /** HTML between head and tail. */
  readonly middle: string;
  /** HTML of its tools, where they have a page of their own. */
  readonly tools?: string;
  readonly structured: object;
  readonly server: ServerJson;
}

/** One server, as a shard holds it. The HTML is safe: it was rendered and sanitised by the build. */
export interface Packed extends Pick<Rest, 'structured' | 'server'> {
  readonly html: string;
  readonly tools?: string | undefined;
}

/** Stands in the HTML where the part begins that differs most from server to server, and ends. */
export const CUT = '<!--cut-->';

export function shardOf(servers: readonly Packed[]): Shard {
  const parts = servers.map(({ html }) => html.split(CUT));
  return {
    names: servers.map(({ server }) => server.entry.name),
    heads: parts.map((own) => own[0] ?? ''),
    tails: parts.map((own) => (own.length > 1 ? (own.at(-1) ?? '') : '')),
    rest: servers.map(({ html: _, ...rest }, index) => ({
      middle: parts[index]?.slice(1, -1).join('') ?? '',
      ...rest,
    })),
  };
}

/** The server with this name, or undefined when the shard has none. */
export function serverIn(shard: Shard, name: string): Packed | undefined {
  const at = shard.names.indexOf(name);
  const rest = shard.rest[at];
  return rest && { ...rest, html: `${shard.heads[at]}${rest.middle}${shard.tails[at]}` };
}
