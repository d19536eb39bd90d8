/**
 * One text of all servers, ` first\n second\n`, and where each begins: the browser's own search runs
 * over it whole.
 */
export interface Field {
  readonly weight: number;
  readonly text: string;
  readonly starts: Uint32Array;
}

/** A field of the texts of all servers, one a line. */
export function fieldOf(weight: number, lines: string): Field {
  const text = lowerCase(` ${lines.replaceAll('\n', '\n ')}\n`);
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return { weight, text, starts: new Uint32Array(starts) };
}

/** Raises scores where a token occurs: most for a whole word, then the start of one, then within. */
export function scoreField(
  { weight, text, starts }: Field,
  token: string,
  scores: Float64Array,
): void {
  // Of one or two letters only the starts of words count, which are far fewer.
  const sought = token.length < 3 ? ` ${token}` : token;
  const shift = sought.length - token.length;
  let id = 0;
  for (let at = text.indexOf(sought); at >= 0; at = text.indexOf(sought, at + 1)) {
    at += shift;
    while ((starts[id + 1] as number) <= at) id += 1;
    let score = weight * 0.75;
    if (text.charCodeAt(at - 1) === 32) {
      score = weight * (text.charCodeAt(at + token.length) <= 32 ? 2 : 1.5);
    }
    if (score > (scores[id] as number)) scores[id] = score;
    // Nothing better can follow for this server.
    if (score === weight * 2) at = (starts[id + 1] as number) - 1;
  }
}

/** In lower case and no longer: a few letters grow, which would shift all that follows. */
function lowerCase(text: string): string {
  const lower = text.toLowerCase();
  if (lower.length === text.length) return lower;
  if (!text.includes('\n')) return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return text.replace(/.+/g, lowerCase);
}
