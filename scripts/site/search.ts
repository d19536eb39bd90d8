import { type CatalogIndex, unpackFlags } from './index-format.ts';
import type { Card } from './model.ts';

/** What a visitor asks for. `facets`: chosen values by facet; none chosen means all. */
export interface Query {
  readonly text: string;
  readonly facets: Readonly<Record<string, readonly string[]>>;
  readonly sort: string;
}

export interface Found {
  /** Servers by their line in the index, best first. */
  readonly ids: readonly number[];
  /** For each facet and value, how many servers choosing it would show. */
  readonly counts: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export interface Search {
  find(query: Query): Found;
  card(id: number): Card;
  /** Adds the names of tools, which arrive after the rest. */
  addTools(lines: string): void;
}

const split = (lines: string) => (lines ? lines.split('\n') : []);

const NO_CLIENTS = { local: [], remote: [] };

/**
 * A search over the catalog index: a scan of plain texts, quick enough for ten thousand servers.
 * `clients` are those that reach servers without the gateway: local ones, and remote ones.
 */
export function createSearch(
  index: CatalogIndex,
  clients: { readonly local: readonly string[]; readonly remote: readonly string[] } = NO_CLIENTS,
): Search {
  const names = split(index.names);
  const titles = index.titles.split('\n');
  const descriptions = index.descriptions.split('\n');
  const publishers = index.publishers.split('\n');
  const categories = index.categories.split('\n');
  const flags = index.flags.map(unpackFlags);
  const lowTitles = titles.map((title) => title.toLowerCase());
  const fields: Field[] = [
    fieldOf(
      20,
      names.map((name, id) => `${titles[id]} ${name.replaceAll('-', ' ')} ${name}`),
    ),
    fieldOf(10, index.tags.replaceAll('-', ' ').split('\n')),
    fieldOf(
      6,
      index.publisher.map((line) => publishers[line] ?? ''),
    ),
    fieldOf(4, descriptions),
  ];
  const values = names.map((_, id) => {
    const { kind, network, signIn, verified } = flags[id] as (typeof flags)[number];
    return {
      category: [...(categories[id] ?? '')].map(
        (letter) => index.categoryIds[letter.charCodeAt(0) - 65] ?? '',
      ),
      kind: [kind],
      network: [network],
      signIn: [signIn],
      verified: [verified ? 'yes' : 'no'],
      signedBy: [index.signers[index.signer[id] as number] ?? ''],
      client: kind === 'remote' ? clients.remote : clients.local,
    } as Record<string, readonly string[]>;
  });
  let vocabulary: string[] | undefined;
  // Each server's place in the order of titles, so that sorting compares numbers.
  const rank: number[] = [];
  const { compare } = new Intl.Collator('en');
  [...names.keys()]
    .sort((a, b) => compare(titles[a] as string, titles[b] as string))
    .forEach((id, place) => {
      rank[id] = place;
    });

  function scoreToken(token: string): Float64Array {
    const scores = new Float64Array(names.length);
    for (const field of fields) scoreField(field, token, scores);
    return scores;
  }

  /** Scores of a token; words that are one or two slips away count when few have the token itself. */
  function scoreLoosely(token: string): Float64Array {
    const scores = scoreToken(token);
    if (token.length < 4 || scores.reduce((sum, score) => sum + Number(score >= 8), 0) > 9) {
      return scores;
    }
    vocabulary ??= [...new Set(fields.flatMap(({ text }) => text.split(/[^a-z0-9]+/)))];
    const slips = token.length > 7 ? 2 : 1;
    const near = vocabulary
      .map((word) => [word, distance(token, word, slips)] as const)
      .filter(([word, slip]) => slip > 0 && slip <= slips && word.length > 2)
      .sort((a, b) => a[1] - b[1])
      .slice(0, 12);
    for (const [word, slip] of near) {
      scoreToken(word).forEach((score, id) => {
        scores[id] = Math.max(scores[id] as number, (score * 0.4) / slip);
      });
    }
    return scores;
  }

  function scoreAll(text: string): Float64Array | undefined {
    const query = text.toLowerCase().trim();
    const tokens = query.split(/[\s_-]+/).filter(Boolean);
    if (tokens.length === 0) return undefined;
    const parts = tokens.map(scoreLoosely);
    const dashed = query.replace(/\s+/g, '-');
    return new Float64Array(names.length).map((_, id) => {
      let sum = 0;
      for (const part of parts) {
        if (!part[id]) return 0;
        sum += part[id] as number;
      }
      const title = lowTitles[id] as string;
      if (title === query || names[id] === dashed) return sum + 1000;
      return sum + (title.startsWith(query) ? 100 : 0) - title.length / 100;
    });
  }

  return {
    find({ text, facets, sort }) {
      const scores = scoreAll(text);
      const asked = Object.entries(facets).filter(([, chosen]) => chosen.length);
      const counts: Record<string, Record<string, number>> = {};
      const ids: number[] = [];
      for (let id = 0; id < names.length; id++) {
        if (scores && (scores[id] as number) <= 0) continue;
        const own = values[id] as Record<string, readonly string[]>;
        const failed = asked.filter(
          ([facet, chosen]) => !own[facet]?.some((v) => chosen.includes(v)),
        );
        if (failed.length === 0) ids.push(id);
        // A facet's own choice does not lower the counts of its other values.
        if (failed.length > 1) continue;
        for (const facet in own) {
          if (failed[0] && failed[0][0] !== facet) continue;
          counts[facet] ??= {};
          const tally = counts[facet] as Record<string, number>;
          for (const value of own[facet] as readonly string[])
            tally[value] = (tally[value] ?? 0) + 1;
        }
      }
      const by: Record<string, (a: number, b: number) => number> = {
        newest: (a, b) => (index.added[a] as number) - (index.added[b] as number),
        updated: (a, b) => (index.updated[a] as number) - (index.updated[b] as number),
        downloads: (a, b) => (index.downloads?.[b] ?? 0) - (index.downloads?.[a] ?? 0),
        tools: (a, b) => (index.tools[b] as number) - (index.tools[a] as number),
        ...(scores && { relevance: (a, b) => (scores[b] as number) - (scores[a] as number) }),
      };
      const first = by[sort];
      ids.sort((a, b) => first?.(a, b) || (rank[a] as number) - (rank[b] as number));
      return { ids, counts };
    },
    card: (id) => ({
      ...(flags[id] as (typeof flags)[number]),
      name: names[id] as string,
      title: titles[id] as string,
      description: descriptions[id] as string,
      publisher: publishers[index.publisher[id] as number] as string,
      verified: flags[id]?.verified ? 'yes' : undefined,
      tools: index.tools[id] as number,
    }),
    addTools(lines) {
      fields.push(fieldOf(5, lines.replace(/[_-]/g, ' ').split('\n')));
      vocabulary = undefined;
    },
  };
}

/**
 * One text of all servers, ` first\n second\n`, and where each begins: the browser's own search runs
 * over it whole.
 */
interface Field {
  readonly weight: number;
  readonly text: string;
  readonly starts: Uint32Array;
}

function fieldOf(weight: number, lines: readonly string[]): Field {
  const starts = new Uint32Array(lines.length + 1);
  lines.forEach((line, id) => {
    starts[id + 1] = (starts[id] as number) + line.length + 2;
  });
  const text = lines.map((line) => ` ${line}\n`).join('');
  const lower = text.toLowerCase();
  // A few letters grow when they become lower case, which would shift all that follows.
  const same = lower.length === text.length;
  return { weight, text: same ? lower : text.replace(/[A-Z]/g, (c) => c.toLowerCase()), starts };
}

/** Raises scores where a token occurs: most for a whole word, then the start of one, then within. */
function scoreField({ weight, text, starts }: Field, token: string, scores: Float64Array): void {
  let id = 0;
  for (let at = text.indexOf(token); at >= 0; at = text.indexOf(token, at + 1)) {
    while ((starts[id + 1] as number) <= at) id += 1;
    let score = weight * 0.75;
    if (text.charCodeAt(at - 1) === 32) {
      score = weight * (text.charCodeAt(at + token.length) <= 32 ? 2 : 1.5);
    } else if (token.length < 3) {
      continue;
    }
    if (score > (scores[id] as number)) scores[id] = score;
    // Nothing better can follow for this server.
    if (score === weight * 2) at = (starts[id + 1] as number) - 1;
  }
}

/**
 * Slips between two words: a letter added, left out, changed, or two swapped (optimal string
 * alignment). Above `most` it returns a larger number without counting on.
 */
export function distance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(
        (last[j] as number) + 1,
        (row[j - 1] as number) + 1,
        (last[j - 1] as number) + Number(!same),
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (before[j - 2] as number) + 1);
      }
      row.push(cost);
      least = Math.min(least, cost);
    }
    if (least > most) return most + 1;
    before = last;
    last = row;
  }
  return last[b.length] as number;
}
