/** One challenge of a WWW-Authenticate header (RFC 9110, 11.6.1); names are lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;
const SPACE = /[ \t]*/y;
const TOKEN68 = /[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/y;
const MAX_HEADER = 16_384;

/**
 * Reads all challenges of the header; several may stand in one header, separated by commas, as the
 * parameters of each are. What cannot be read ends the list: this never throws, because a strange
 * header of a stranger only means that there is nothing to answer.
 */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  if (header.length > MAX_HEADER) return challenges;
  let at = 0;
  const take = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const match = pattern.exec(header);
    if (match) at = pattern.lastIndex;
    return match;
  };
  while (at < header.length) {
    take(SPACE);
    if (header[at] === ',') {
      at += 1;
      continue;
    }
    const name = take(TOKEN)?.[0]?.toLowerCase();
    if (name === undefined) break;
    take(SPACE);
    const current = challenges.at(-1);
    if (header[at] === '=' && current) {
      at += 1;
      take(SPACE);
      const quoted = take(QUOTED);
      const value = quoted ? quoted[1]?.replace(/\\(.)/g, '$1') : take(TOKEN)?.[0];
      if (value === undefined) break;
      // The first of two equal names holds: a second one must not replace what was read.
      if (!current.parameters.has(name)) current.parameters.set(name, value);
    } else if (header[at] === '=') {
      break;
    } else {
      challenges.push({ scheme: name, parameters: new Map() });
      // `Negotiate dG9rZW4=`: a lone value, which no scheme of ours uses.
      take(TOKEN68);
    }
  }
  return challenges;
}
