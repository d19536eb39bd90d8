/** Something in a text that has the shape of a credential. */
export interface TokenShape {
  /** What it is, in words: `a Google API key`. */
  readonly what: string;
  readonly start: number;
  readonly end: number;
}

/** Shapes that the rule set leaves to other tools, with what each is. */
const SHAPES: readonly (readonly [RegExp, string])[] = [
  [
    /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----(?:[\s\S]{0,20000}?-----END (?:[A-Z]+ )*PRIVATE KEY-----)?/g,
    'a private key',
  ],
  [/\bAIza[0-9A-Za-z_-]{35}\b/g, 'a Google API key'],
  [/\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g, 'an AWS access key id'],
  [/\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}/g, 'a JSON Web Token'],
];

/** Documentation uses such values on purpose. */
const PLACEHOLDER = /EXAMPLE|(.)\1{7}|\.\.\.|[xX]{6}|1234567890|abcdefgh/;
/** Lengths of a run of letters and digits that may be a credential; longer ones are encoded files. */
const SHORTEST_RUN = 20;
const LONGEST_RUN = 4096;
/** Characters around a candidate that the rules look at, e.g. `aws_secret_access_key = `. */
const CONTEXT = 80;
const LONGEST_KEY = 20_000;
/** A password in a URL, right behind its `://`. */
const PASSWORD = /[^\s/@:]{1,200}:[^\s/@]{1,500}@/y;

/**
 * Finds what has the shape of a credential, first to last, without overlaps. Values that are
 * plainly placeholders are left out. Texts without a long run of letters and digits cost one
 * regular expression; the rule set of secretlint is loaded when a text first needs it.
 */
export async function findTokenShapes(text: string): Promise<readonly TokenShape[]> {
  const windows = windowsOf(text);
  if (windows.length === 0) return [];
  // Only the surroundings of candidates are looked at: expressions without an end overflow the stack
  // on the megabytes of an encoded file.
  const joined = windows.map(({ from, to }) => text.slice(from, to)).join('\n\n');
  const found: TokenShape[] = [];
  const add = (what: string, start: number, end: number) =>
    found.push({ what, start: positionIn(windows, start), end: positionIn(windows, end) });
  for (const [pattern, what] of SHAPES) {
    for (const match of joined.matchAll(pattern)) {
      add(what, match.index, match.index + match[0].length);
    }
  }
  for (const { what, range } of await secretlint(joined)) add(what, ...range);
  const ordered = found
    .filter(({ start, end }) => !PLACEHOLDER.test(text.slice(start, end)))
    .sort((a, b) => a.start - b.start || b.end - a.end);
  let last = -1;
  return ordered.filter(({ start, end }) => {
    if (start < last) return false;
    last = end;
    return true;
  });
}

/** Whether a text holds a run that could be a credential: cheap, and without loading the rules. */
export function mayHoldToken(text: string): boolean {
  return windowsOf(text).length > 0;
}

interface Window {
  readonly from: number;
  readonly to: number;
}

/** The surroundings of all candidates, in order, merged where they touch. */
function windowsOf(text: string): readonly Window[] {
  const found = [...runsIn(text)];
  for (let at = text.indexOf('://'); at >= 0; at = text.indexOf('://', at + 3)) {
    PASSWORD.lastIndex = at + 3;
    if (PASSWORD.test(text)) found.push({ from: at, to: PASSWORD.lastIndex });
  }
  for (let at = text.indexOf('-----BEGIN'); at >= 0; at = text.indexOf('-----BEGIN', at + 10)) {
    const end = text.indexOf('-----END', at);
    found.push({ from: at, to: end < 0 || end > at + LONGEST_KEY ? at : end });
  }
  const windows: { from: number; to: number }[] = [];
  for (const { from, to } of found.sort((a, b) => a.from - b.from)) {
    const start = Math.max(0, from - CONTEXT);
    const end = Math.min(text.length, to + CONTEXT);
    const last = windows.at(-1);
    if (last && start <= last.to) last.to = Math.max(last.to, end);
    else windows.push({ from: start, to: end });
  }
  return windows;
}

/** What a character may be in a run: 1 a digit, 2 a letter, 3 one of `_+/=.-`; 0 ends it. */
const KINDS = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (/[0-9]/.test(character)) return 1;
  if (/[A-Za-z]/.test(character)) return 2;
  return /[_+/=.-]/.test(character) ? 3 : 0;
});

/**
 * Long runs with a digit and two letters in a row: words and paths are long too, but credentials
 * have digits. A loop, because this sees every text of every call.
 */
function* runsIn(text: string): Generator<Window> {
  let from = 0;
  let digit = false;
  let pair = false;
  let before = 0;
  for (let at = 0; at <= text.length; at += 1) {
    const code = at < text.length ? text.charCodeAt(at) : 0;
    const kind = code < 128 ? (KINDS[code] as number) : 0;
    if (kind === 0) {
      const length = at - from;
      if (digit && pair && length >= SHORTEST_RUN && length <= LONGEST_RUN) yield { from, to: at };
      from = at + 1;
      digit = false;
      pair = false;
    } else if (kind === 1) digit = true;
    else if (kind === 2 && before === 2) pair = true;
    before = kind;
  }
}

/** Where a position of the joined windows is in the text. */
function positionIn(windows: readonly Window[], position: number): number {
  let rest = position;
  for (const { from, to } of windows) {
    if (rest <= to - from) return from + rest;
    rest -= to - from + 2;
  }
  return windows.at(-1)?.to ?? 0;
}

interface Message {
  readonly what: string;
  readonly range: readonly [number, number];
}

let lint: ((text: string) => Promise<readonly Message[]>) | undefined;

/** Loaded when a text first needs it: most texts hold nothing that could be a credential. */
async function secretlint(text: string): Promise<readonly Message[]> {
  lint ??= await loadSecretlint();
  return await lint(text);
}

async function loadSecretlint(): Promise<(text: string) => Promise<readonly Message[]>> {
  const [{ lintSource }, { creator }, { secretLintProfiler }] = await Promise.all([
    import('@secretlint/core'),
    import('@secretlint/secretlint-rule-preset-recommend'),
    import('@secretlint/profiler'),
  ]);
  // It would keep a record of every text for the life of the process.
  secretLintProfiler.setEnabled(false);
  const prefix = '@secretlint/secretlint-rule-';
  const rules = [{ id: `${prefix}preset-recommend`, rule: creator }];
  return async (content) => {
    const { messages } = await lintSource({
      source: { filePath: 'text', content, ext: '', contentType: 'text' },
      options: { config: { rules }, noPhysicFilePath: true },
    });
    return messages.map(({ ruleId, range }) => ({
      what: `a credential (${ruleId.replace(prefix, '')})`,
      range,
    }));
  };
}
