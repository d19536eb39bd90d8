import type { DataPath } from '../registry/finding.ts';
import type { EntryRule } from './rule.ts';
import { type PlacedText, textsOf } from './texts-of.ts';

/** Texts that could hold a credential at all: the rules of secretlint are slow on everything. */
const CANDIDATE = /[A-Za-z0-9_+/=.-]{20,}|:\/\/[^\s/@]+:[^\s/@]+@|-----BEGIN/;

/** Shapes that the rule set leaves to other tools, with what each is. */
const SHAPES: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/, 'a private key'],
  [/\bAIza[0-9A-Za-z_-]{35}\b/, 'a Google API key'],
  [/\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/, 'an AWS access key id'],
  [/\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}/, 'a JSON Web Token'],
];

/** Documentation of AWS and others uses these on purpose. */
const PLACEHOLDER = /EXAMPLE|(.)\1{7}|\.\.\.|x{6}|1234567890|abcdefgh/i;

/** No text of an entry is a credential; what a user sets belongs to `secrets`. */
export const secretValues: EntryRule = {
  name: 'secret-values',
  scope: 'entry',
  needs: 'files',
  async *check({ server }) {
    for (const placed of textsOf(server)) {
      if (!CANDIDATE.test(placed.text) || isHash(placed)) continue;
      const found = await findSecret(placed.text);
      if (!found || PLACEHOLDER.test(found.literal)) continue;
      yield {
        in: placed.in,
        at: placed.at,
        key: placed.key,
        literal: found.literal,
        fact: `it looks like ${found.what}`,
        remedy: 'revoke it where it was issued, and declare a secret that the user sets instead',
      };
    }
  },
};

function isHash({ at, in: source }: PlacedText): boolean {
  const field = (at as DataPath).join('.');
  return (
    source.path.endsWith('server.yaml') &&
    /^(npm\.integrity|container\.image|source\.commit)$/.test(field)
  );
}

async function findSecret(text: string): Promise<{ what: string; literal: string } | undefined> {
  for (const [pattern, what] of SHAPES) {
    const match = pattern.exec(text);
    if (match) return { what, literal: match[0] };
  }
  const [first] = await secretlint(text);
  return first && { what: first.what, literal: text.slice(...first.range) };
}

let lint:
  | ((text: string) => Promise<{ what: string; range: readonly [number, number] }[]>)
  | undefined;

/** Loaded when a text first needs it: most entries hold nothing that could be a credential. */
async function secretlint(text: string) {
  if (!lint) {
    const { lintSource } = await import('@secretlint/core');
    const { creator } = await import('@secretlint/secretlint-rule-preset-recommend');
    const rules = [{ id: '@secretlint/secretlint-rule-preset-recommend', rule: creator }];
    lint = async (content) => {
      const { messages } = await lintSource({
        source: { filePath: 'text', content, ext: '', contentType: 'text' },
        options: { config: { rules }, noPhysicFilePath: true },
      });
      return messages.map(({ ruleId, range }) => ({
        what: `a credential (${ruleId.replace('@secretlint/secretlint-rule-', '')})`,
        range,
      }));
    };
  }
  return await lint(text);
}
