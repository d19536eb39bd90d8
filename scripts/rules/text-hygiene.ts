import { show, visible } from '../registry/show.ts';
import { hiddenCharacters } from './hidden-characters.ts';
import { hiddenInstructions } from './hidden-instructions.ts';
import type { EntryRule } from './rule.ts';
import { textsOf } from './texts-of.ts';

/** One text with a hundred hidden characters is one fault. */
const MOST_PER_TEXT = 3;

/** Nothing that a model will read holds characters that a reviewer cannot see. */
export const hiddenText: EntryRule = {
  name: 'hidden-characters',
  scope: 'entry',
  needs: 'files',
  *check({ server }) {
    for (const { in: source, at, key, text } of textsOf(server)) {
      const hidden = hiddenCharacters(text);
      for (const { character, label, offset } of hidden.slice(0, MOST_PER_TEXT)) {
        const more = hidden.length > MOST_PER_TEXT ? ` and ${hidden.length - 1} more` : '';
        yield {
          in: source,
          at,
          key,
          literal: character,
          fact: `character ${offset + 1} is ${label}${more}`,
          remedy: own(source.path)
            ? 'remove it'
            : 'look at what the publisher wrote there before anyone runs it; the text must be clean at its source',
        };
      }
    }
  },
};

/** Nothing that a model will read gives it orders that its user should not see. */
export const hiddenOrders: EntryRule = {
  name: 'hidden-instructions',
  scope: 'entry',
  needs: 'files',
  *check({ server }) {
    for (const { in: source, at, key, text } of textsOf(server)) {
      if (isDigest(at)) continue;
      for (const { literal, fact } of hiddenInstructions(text)) {
        yield {
          in: source,
          at,
          key,
          literal,
          fact: `${fact}: ${show(visible(literal))}`,
          remedy: own(source.path)
            ? 'say plainly what the server does'
            : 'do not list this version; report it to the publisher, and to docs/security.md when it looks deliberate',
        };
      }
    }
  },
};

/** tools.json is the publisher's text; the rest is the contributor's. */
function own(path: string): boolean {
  return !path.endsWith('/tools.json');
}

function isDigest(at: readonly (string | number)[]): boolean {
  return at[0] === 'npm' || at[0] === 'container' || at[0] === 'source';
}
