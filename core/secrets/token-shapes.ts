/** Something in a text that has the shape of a credential. */
export interface TokenShape {
  /** What it is, in words: `a Google API key`. */
  readonly what: string;
  readonly start: number;
  readonly end: number;
}

/** What could be a credential at all: a long run of letters and digits, or a password in a URL. */
const CANDIDATE = /[A-Za-z0-9_+/=.-]{20,}|:\/\/[^\s/@]+:[^\s/@]+@|-----BEGIN/g;

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
/** Longer runs are encoded files, not credentials; checking them would take seconds. */
const LONGEST_RUN = 4096;
/** Characters around a candidate that the rules look at, e.g. `aws_secret_access_key = `. */
const CONTEXT = 80;

/**
 * Finds what has the shape of a credential, first to last, without overlaps. Values that are
 * plainly placeholders are left out. Texts without a long run of letters and digits cost one
 * regular expression; the rule set of secretlint is loaded when a text first needs it.
 */
export async function findTokenShapes(text: string): Promise<readonly TokenShape[]> {
  const windows = windowsOf(text);
  if (windows.length === 0) return [];
  const found: TokenShape[] = [];
  for (const [pattern, what] of SHAPES) {
    for (const match of text.matchAll(pattern)) {
      found.push({ what, start: match.index, end: match.index + match[0].length });
    }
  }
  const joined = windows.map(({ from, to }) => text.slice(from, to)).join('\n\n');
  for (const { what, range } of await secretlint(joined)) {
    const start = positionIn(windows, range[0]);
    found.push({ what, start, end: start + range[1] - range[0] });
  }
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

/** The surroundings of all candidates, merged where they touch. */
function windowsOf(text: string): readonly Window[] {
  const windows: { from: number; to: number }[] = [];
  for (const match of text.matchAll(CANDIDATE)) {
    if (match[0].length > LONGEST_RUN || !isMixed(match[0])) continue;
    const from = Math.max(0, match.index - CONTEXT);
    const to = Math.min(text.length, match.index + match[0].length + CONTEXT);
    const last = windows.at(-1);
    if (last && from <= last.to) last.to = to;
    else windows.push({ from, to });
  }
  return windows;
}

/** Words and paths are long too, but credentials have digits. */
function isMixed(run: string): boolean {
  return (
    run.startsWith('-') || run.startsWith(':') || (/[0-9]/.test(run) && /[A-Za-z]{2}/.test(run))
  );
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
