import { type CatalogIndex, unpackFlags } from './index-format.ts';
import type { Card } from './model.ts';
import { type Counts, facetOf, matching } from './search-facets.ts';
import { createVocabulary } from './search-slips.ts';
import { fieldOf, scoreField } from './search-text.ts';

/** What a visitor asks for. `facets`: chosen values by facet; none chosen means all. */
export interface Query {
  readonly text: string;
  readonly facets: Readonly<Record<string, readonly string[]>>;
  readonly sort: string;
}

export interface Found {
  /** Servers by their line in the index, best first. */
  readonly ids: readonly number[];
  /** For each facet and value, how many servers choosing it would show; counted when it is read. */
  readonly counts: Readonly<Counts>;
}

export interface Search {
  find(query: Query): Found;
  card(id: number): Card;
  /** Adds the names of tools, which arrive after the rest. */
  addTools(lines: string): void;
  /**
   * Reads the next words for queries with a slip, the first of which would have to wait for all of
   * them. False when all are read.
   */
  readWords(): boolean;
}

/** Characters whose words are read at once, which takes some milliseconds. */
const PIECE = 200_000;
const NO_CLIENTS = { local: [], remote: [] };

/**
 * A search over the catalog index: a scan of plain texts, quick enough for ten thousand servers.
 * `clients` are those that reach servers without the gateway: local ones, and remote ones.
 */
export function createSearch(
  index: CatalogIndex,
  clients: { readonly local: readonly string[]; readonly remote: readonly string[] } = NO_CLIENTS,
): Search {
  const { flags } = index;
  const names = index.names ? index.names.split('\n') : [];
  const titles = index.titles.split('\n');
  const descriptions = index.descriptions.split('\n');
  const publishers = index.publishers.split('\n');
  const count = names.length;
  const titleField = fieldOf(20, index.titles);
  const fields = [
    titleField,
    fieldOf(20, index.names.replaceAll('-', ' ')),
    fieldOf(10, index.tags.replaceAll('-', ' ')),
    fieldOf(6, index.publisher.map((line) => publishers[line]).join('\n')),
    fieldOf(4, index.descriptions),
  ];
  const facets = [
    facetOf('category', index.categories.split('\n').slice(0, count), (letters) =>
      [...letters].map((letter) => index.categoryIds[letter.charCodeAt(0) - 65] ?? ''),
    ),
    facetOf('kind', flags, (bits) => [unpackFlags(bits).kind]),
    facetOf('network', flags, (bits) => [unpackFlags(bits).network]),
    facetOf('signIn', flags, (bits) => [unpackFlags(bits).signIn]),
    facetOf('verified', flags, (bits) => [unpackFlags(bits).verified ? 'yes' : 'no']),
    facetOf('signedBy', index.signer, (signer) => [index.signers[signer] ?? '']),
    facetOf('client', flags, (bits) =>
      unpackFlags(bits).kind === 'remote' ? clients.remote : clients.local,
    ),
  ];
  const vocabulary = createVocabulary();
  const unread: string[] = fields.map(({ text }) => text);
  /** Scores of the words of the last query, most of which the next one has too. */
  let known = new Map<string, Float64Array>();

  function scoreToken(token: string): Float64Array {
    const scores = new Float64Array(count);
    for (const field of fields) scoreField(field, token, scores);
    return scores;
  }

  /** Scores of a token; words that are one or two slips away count when few have the token itself. */
  function scoreLoosely(token: string): Float64Array {
    const scores = scoreToken(token);
    if (token.length < 4 || scores.filter((score) => score >= 8).length > 9) return scores;
    while (readWords());
    for (const [word, slips] of vocabulary.near(token)) {
      const near = scoreToken(word);
      for (let id = 0; id < count; id++) {
        const score = ((near[id] as number) * 0.4) / slips;
        if (score > (scores[id] as number)) scores[id] = score;
      }
    }
    return scores;
  }

  function readWords(): boolean {
    const text = unread.shift();
    if (text === undefined) return false;
    const end = text.length > PIECE ? text.indexOf('\n', PIECE) : text.length;
    vocabulary.add(text.slice(0, end));
    if (end < text.length - 1) unread.unshift(text.slice(end));
    return true;
  }

  function scoreAll(text: string): Float64Array | undefined {
    const query = text.toLowerCase().trim();
    const tokens = query.split(/[\s_-]+/).filter(Boolean);
    if (tokens.length === 0) return undefined;
    known = new Map(tokens.map((token) => [token, known.get(token) ?? scoreLoosely(token)]));
    const parts = tokens.map((token) => known.get(token) as Float64Array);
    const dashed = query.replace(/\s+/g, '-');
    const scores = new Float64Array(count);
    for (let id = 0; id < count; id++) {
      let sum = 0;
      for (const part of parts) {
        // Every word must be there.
        sum = part[id] ? sum + (part[id] as number) : Number.NaN;
      }
      if (!(sum > 0)) continue;
      scores[id] = sum + bonusOf(id, query, dashed);
    }
    return scores;
  }

  /** For a title or name that is the query or begins with it; of equal ones, the shorter is better. */
  function bonusOf(id: number, query: string, dashed: string): number {
    const length = (titles[id] as string).length;
    const begins = titleField.text.startsWith(query, (titleField.starts[id] as number) + 1);
    if ((begins && length === query.length) || names[id] === dashed) return 1000;
    return (begins ? 100 : 0) - length / 100;
  }

  /** The column to sort by, greatest first; none for the order of titles, which the index has. */
  function columnOf(sort: string, scores: Float64Array | undefined) {
    const days: Record<string, readonly number[]> = { newest: index.added, updated: index.updated };
    if (days[sort]) return days[sort].map((days) => -days);
    if (sort === 'downloads') return index.downloads;
    if (sort === 'tools') return index.tools;
    return sort === 'relevance' ? scores : undefined;
  }

  return {
    find({ text, facets: chosen, sort }) {
      const scores = scoreAll(text);
      const { ids, countAll } = matching(facets, chosen, scores, count);
      const column = columnOf(sort, scores);
      return {
        ids: column ? sorted(ids, column) : ids,
        get counts() {
          return countAll();
        },
      };
    },
    card: (id) => {
      const card = unpackFlags(flags[id] as number);
      return {
        ...card,
        name: names[id] as string,
        title: titles[id] as string,
        description: descriptions[id] as string,
        publisher: publishers[index.publisher[id] as number] as string,
        verified: card.verified ? 'yes' : undefined,
        tools: index.tools[id] as number,
      };
    },
    addTools(lines) {
      const tools = fieldOf(5, lines.replace(/[_-]/g, ' '));
      fields.push(tools);
      unread.push(tools.text);
      known.clear();
    },
    readWords,
  };
}

/** Ids by their numbers, greatest first; equal ones stay in their order. Few numbers differ. */
function sorted(ids: readonly number[], column: ArrayLike<number>): readonly number[] {
  const groups = new Map<number, number[]>();
  for (const id of ids) {
    const number = column[id] ?? 0;
    const group = groups.get(number);
    if (group) group.push(id);
    else groups.set(number, [id]);
  }
  return [...groups].sort(([a], [b]) => b - a).flatMap(([, group]) => group);
}
