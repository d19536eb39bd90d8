import type {
  CapturedTools,
  CatalogConfig,
  ServerEntry,
} from '../../../core/entry/types.generated.ts';

/** An entry in the making: what is known so far. */
export type Draft = { -readonly [Key in keyof ServerEntry]?: ServerEntry[Key] };

/** What a source told about a server. */
export interface Drafted {
  readonly draft: Draft;
  /** What the source could not tell for sure, for the person who finishes the entry. */
  readonly notes: readonly string[];
  /** Further files of the entry that the source has. */
  readonly files?: { readonly tools?: CapturedTools; readonly readme?: string };
}

/**
 * Words that say what kind of thing something is, not which one. They carry no meaning in a name:
 * everything here is an MCP server.
 */
const FILLER = new Set(['mcp', 'server', 'modelcontextprotocol', 'model', 'context', 'protocol']);

/** `@upstash/context7-mcp` or `io.github.acme/weather-mcp` becomes `context7`, `weather`. */
export function nameFrom(identifier: string): string {
  const parts = identifier.toLowerCase().replace(/^@/, '').split('/').reverse();
  for (const part of parts) {
    const words = part.split(/[^a-z0-9]+/).filter((word) => word && !FILLER.has(word));
    if (words.length > 0) return words.join('-').slice(0, 64).replace(/-+$/, '');
  }
  return '';
}

/** `sequential-thinking` becomes `Sequential Thinking`. */
export function titleFrom(name: string): string {
  return name
    .split('-')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join(' ');
}

/** A text of someone else as a description: plain, one paragraph, at most 300 characters. */
export function descriptionFrom(text: string | undefined): string | undefined {
  const plain = (text ?? '')
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[*_`#>]+/g, '')
    .replace(/\p{Extended_Pictographic}|\p{C}/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  if (plain.length < 20) return undefined;
  if (plain.length <= 300) return plain;
  return `${plain.slice(0, 297).replace(/\s+\S*$/, '')}...`;
}

/** Categories whose id or title the keywords name; at most three. */
export function categoriesFrom(
  keywords: readonly string[],
  config: Pick<CatalogConfig, 'categories'>,
): string[] {
  const words = new Set(keywords.flatMap((text) => text.toLowerCase().split(/[^a-z0-9]+/)));
  return config.categories
    .filter(({ id, title }) => {
      const own = `${id} ${title}`.toLowerCase().split(/[^a-z0-9]+/);
      return own.some((word) => word.length > 2 && (words.has(word) || words.has(`${word}s`)));
    })
    .map(({ id }) => id)
    .slice(0, 3);
}

/** Keywords that may stand as tags; those that fit every server here are left out. */
export function tagsFrom(keywords: readonly string[]): string[] {
  const tags = keywords
    .map((word) => word.toLowerCase().trim().replace(/\s+/g, '-'))
    .filter((word) => /^[a-z0-9]+([-.+][a-z0-9]+)*$/.test(word) && word.length <= 40)
    .filter((word) => !word.split('-').every((part) => FILLER.has(part)));
  return [...new Set(tags)].slice(0, 8);
}

/** `git+https://github.com/acme/x.git`, `github:acme/x` or `git@github.com:acme/x` as a https URL. */
export function repositoryUrl(text: string | undefined): string | undefined {
  if (!text) return undefined;
  const plain = text
    .replace(/^github:/, 'https://github.com/')
    .replace(/^(git\+)?ssh:\/\/git@/, 'https://')
    .replace(/^git@([^:]+):/, 'https://$1/')
    .replace(/^git(\+https?)?:\/\//, 'https://')
    .replace(/^http:/, 'https:')
    .replace(/^([\w.-]+\/[\w.-]+)$/, 'https://github.com/$1')
    .replace(/#.*$/, '')
    .replace(/\/$/, '')
    .replace(/\.git$/, '');
  return /^https:\/\/[^\s/]+\/\S+$/.test(plain) ? plain : undefined;
}

/** The owner of a repository as its publisher. */
export function publisherFrom(
  repository: string | undefined,
): ServerEntry['publisher'] | undefined {
  const match = /^https:\/\/(github\.com|gitlab\.com|codeberg\.org)\/([^/]+)/.exec(
    repository ?? '',
  );
  return match?.[2] ? { name: match[2], url: `https://${match[1]}/${match[2]}` } : undefined;
}

/** Only an SPDX expression counts; `SEE LICENSE IN ...` and the like are for a person to read. */
export async function licenseFrom(text: unknown): Promise<string | undefined> {
  if (typeof text !== 'string') return undefined;
  const { default: parse } = await import('spdx-expression-parse');
  try {
    parse(text);
    return text;
  } catch {
    return undefined;
  }
}
