import type { EntryRule } from './rule.ts';
import { type TextPlace, visitTexts } from './texts-of.ts';

/** What could be a credential at all: a long run of letters and digits, or a password in a URL. */
const CANDIDATE = /[A-Za-z0-9_+/=.-]{20,}|:\/\/[^\s/@]+:[^\s/@]+@|-----BEGIN/g;

/** Shapes that the rule set leaves to other tools, with what each is. */
const SHAPES: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/, 'a private key'],
  [/\bAIza[0-9A-Za-z_-]{35}\b/, 'a Google API key'],
  [/\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/, 'an AWS access key id'],
  [/\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}/, 'a JSON Web Token'],
];

/** Documentation uses such values on purpose. */
const PLACEHOLDER = /EXAMPLE|(.)\1{7}|\.\.\.|[xX]{6}|1234567890|abcdefgh/;

/** No text of an entry is a credential; what a user sets belongs to `secrets`. */
export const secretValues: EntryRule = {
  name: 'secret-values',
  scope: 'entry',
  needs: 'files',
  async *check({ server }) {
    const candidates: { text: string; place: TextPlace }[] = [];
    visitTexts(server, (text, place) => {
      if (!/[0-9]|:\/\/|-----BEGIN/.test(text) || !text.match(CANDIDATE)?.some(isMixed)) return;
      if (!isHash(place())) candidates.push({ text, place: place() });
    });
    for (const { text, place } of candidates) {
      const found = await findSecret(text);
      if (!found || PLACEHOLDER.test(found.literal)) continue;
      yield {
        ...place,
        literal: found.literal,
        fact: `it looks like ${found.what}`,
        remedy: 'revoke it where it was issued, and declare a secret that the user sets instead',
      };
    }
  },
};

/** Words and paths are long too, but credentials have digits. */
function isMixed(run: string): boolean {
  return (
    run.startsWith('-') || run.startsWith(':') || (/[0-9]/.test(run) && /[A-Za-z]{2}/.test(run))
  );
}

/** Digests and versions, whose form the schema fixes. */
function isHash({ at, in: source }: TextPlace): boolean {
  const field = at.join('.');
  return source.path.endsWith('/tools.json')
    ? field === 'capturedFrom'
    : /^(npm\.\w+|container\.image|source\.commit)$/.test(field);
}

async function findSecret(text: string): Promise<{ what: string; literal: string } | undefined> {
  for (const [pattern, what] of SHAPES) {
    const match = pattern.exec(text);
    if (match) return { what, literal: match[0] };
  }
  const [first] = await secretlint(text);
  return first && { what: first.what, literal: text.slice(...first.range) };
}

interface Message {
  readonly what: string;
  readonly range: readonly [number, number];
}

let lint: ((text: string) => Promise<readonly Message[]>) | undefined;

/** Loaded when a text first needs it: most entries hold nothing that could be a credential. */
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
