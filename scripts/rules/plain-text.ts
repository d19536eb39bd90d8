import type { ServerEntry } from '../../core/entry/types.generated.ts';
import type { DataPath } from '../registry/finding.ts';
import { type Complaint, entryRule } from './rule.ts';

const MARKUP: readonly (readonly [RegExp, string])[] = [
  [/\n/, 'a line break'],
  [/\*\*[^*\n]+\*\*|__[^_\n]+__/, 'Markdown emphasis'],
  [/\[[^\]\n]+\]\([^)\n]+\)/, 'a Markdown link'],
  [/^\s*(#{1,6}|[-*+]|\d+\.)\s/m, 'a Markdown heading or list'],
  [/`[^`\n]+`/, 'Markdown code'],
  [/<\/?[a-z][^>\n]*>/i, 'HTML'],
  [/^\s|\s$/, 'space at its ends'],
];

/** Short texts are one line of plain text: lists, search, feeds and terminals show them as they are. */
export const plainText = entryRule('plain-text', function* ({ server }) {
  const { entry, source } = server;
  for (const { at, text } of shortTexts(entry)) {
    const [found] = MARKUP.filter(([pattern]) => pattern.test(text));
    if (!found) continue;
    yield {
      in: source,
      at,
      fact: `the text has ${found[1]}`,
      remedy: 'write one line of plain text; readme.md beside the entry is for more',
    } satisfies Complaint;
  }
});

function shortTexts(entry: ServerEntry): readonly { at: DataPath; text: string }[] {
  const { title, description, publisher, status } = entry;
  return [
    { at: ['title'], text: title },
    { at: ['description'], text: description },
    { at: ['publisher', 'name'], text: publisher.name },
    ...(status?.reason ? [{ at: ['status', 'reason'], text: status.reason }] : []),
  ];
}
