import type { DataPath } from '../registry/finding.ts';
import { show } from '../registry/show.ts';
import { hiddenCharacters } from './hidden-characters.ts';
import { hiddenInstructions } from './hidden-instructions.ts';
import type { Complaint, EntryRule } from './rule.ts';
import { visitTexts } from './texts-of.ts';

/** One text with a hundred hidden characters is one fault. */
const MOST_PER_TEXT = 3;

/** Nothing that a model will read holds characters that a reviewer cannot see. */
export const hiddenText: EntryRule = {
  name: 'hidden-characters',
  scope: 'entry',
  needs: 'files',
  check({ server }) {
    const complaints: Complaint[] = [];
    visitTexts(server, (text, place) => {
      const hidden = hiddenCharacters(text);
      for (const { character, label, offset } of hidden.slice(0, MOST_PER_TEXT)) {
        const more = hidden.length > MOST_PER_TEXT ? `, one of ${hidden.length} such` : '';
        complaints.push({
          ...place(),
          literal: character,
          fact: `character ${offset + 1} is ${label}${more}`,
          remedy: isCaptured(place().in.path)
            ? 'look at what the publisher wrote there before anyone runs it; only its source can be cleaned'
            : 'remove it',
        });
      }
    });
    return complaints;
  },
};

/** Nothing that a model will read gives it orders that its user should not see. */
export const hiddenOrders: EntryRule = {
  name: 'hidden-instructions',
  scope: 'entry',
  needs: 'files',
  check({ server }) {
    const complaints: Complaint[] = [];
    visitTexts(server, (text, place) => {
      for (const { literal, fact } of hiddenInstructions(text)) {
        const { in: source, at, key } = place();
        if (isDigest(at) || isPicture(at, text)) continue;
        complaints.push({
          in: source,
          at,
          key,
          literal,
          fact: `${fact}: ${show(literal)}`,
          remedy: isCaptured(source.path)
            ? 'do not list this version, and report it to the publisher of the server'
            : 'say plainly what the server does',
        });
      }
    });
    return complaints;
  },
};

/** Digests are long runs of letters and digits, and nothing else can stand there. */
function isDigest([first]: DataPath): boolean {
  return first === 'npm' || first === 'container' || first === 'capturedFrom';
}

/** An icon in place, as MCP has it: clients draw it, models do not read it. */
function isPicture(at: DataPath, text: string): boolean {
  return at.includes('icons') && at.at(-1) === 'src' && text.startsWith('data:image/');
}

/** tools.json is the publisher's text; the rest is the contributor's. */
function isCaptured(path: string): boolean {
  return path.endsWith('/tools.json');
}
