import { findTokenShapes, mayHoldToken } from '../../core/secrets/token-shapes.ts';
import type { EntryRule } from './rule.ts';
import { type TextPlace, visitTexts } from './texts-of.ts';

/** No text of an entry is a credential; what a user sets belongs to `secrets`. */
export const secretValues: EntryRule = {
  name: 'secret-values',
  scope: 'entry',
  needs: 'files',
  async *check({ server }) {
    const candidates: { text: string; place: TextPlace }[] = [];
    visitTexts(server, (text, place) => {
      if (!/[0-9]|:\/\/|-----BEGIN/.test(text)) return;
      if (mayHoldToken(text) && !isHash(place())) candidates.push({ text, place: place() });
    });
    for (const { text, place } of candidates) {
      const [found] = await findTokenShapes(text);
      if (!found) continue;
      yield {
        ...place,
        literal: text.slice(found.start, found.end),
        fact: `it looks like ${found.what}`,
        remedy: 'revoke it where it was issued, and declare a secret that the user sets instead',
      };
    }
  },
};

/** Digests and versions, whose form the schema fixes. */
function isHash({ at, in: source }: TextPlace): boolean {
  const field = at.join('.');
  return source.path.endsWith('/tools.json')
    ? field === 'capturedFrom'
    : /^(npm\.\w+|container\.image|source\.commit)$/.test(field);
}
