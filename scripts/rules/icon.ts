import { type Complaint, entryRule } from './rule.ts';

/** Elements that draw and nothing else. Everything that runs, loads, embeds or links is not here. */
const ELEMENTS = new Set(
  (
    'svg g defs symbol use title desc path rect circle ellipse line polyline polygon text tspan ' +
    'linearGradient radialGradient stop clipPath mask pattern filter feBlend feColorMatrix ' +
    'feComponentTransfer feComposite feDropShadow feFlood feFuncA feFuncB feFuncG feFuncR ' +
    'feGaussianBlur feMerge feMergeNode feMorphology feOffset feTile feTurbulence metadata'
  ).split(' '),
);

const TAG = /<(\/?)([A-Za-z_][\w.:-]*)((?:[^<>"']|"[^"]*"|'[^']*')*)>/g;
const ATTRIBUTE = /([A-Za-z_:][\w.:-]*)\s*=\s*("[^"]*"|'[^']*')/g;

/**
 * The icon is a small picture and can be nothing else: it is shown on pages of the catalog, where a
 * script would run as the catalog, and an outside reference would tell strangers who looks.
 * What is not known to draw is refused, so a new way to run code is refused too.
 */
export const icon = entryRule('icon', function* ({ server }) {
  if (!server.icon) return;
  const { source } = server.icon;
  for (const { fact, literal } of iconFaults(source.text)) {
    yield {
      in: source,
      ...(literal && { literal }),
      fact,
      remedy: 'draw it with plain shapes; svgo removes what editors add',
    } satisfies Complaint;
  }
});

/** What an SVG text holds that an icon may not; empty when it is a plain picture. */
export function* iconFaults(text: string): Generator<{ fact: string; literal?: string }> {
  if (/<!(DOCTYPE|ENTITY|\[CDATA\[)/i.test(text)) {
    yield { fact: 'it has a document type, an entity or a CDATA section' };
    return;
  }
  // Comments and the XML declaration cannot act; the rest is read strictly.
  const plain = text.replace(/<!--(?!-?>)[\s\S]*?-->|^\s*<\?xml [^?]*\?>/g, '');
  if (plain.replace(TAG, '').includes('<') || /<[!?]/.test(plain)) {
    yield { fact: 'it is not well-formed SVG' };
    return;
  }
  const first = plain.match(/^\s*<([\w:]+)/)?.[1];
  if (first !== 'svg') yield { fact: 'the root element is not svg' };
  if (!/\bviewBox\s*=/.test(plain)) yield { fact: 'it has no viewBox, so it cannot be scaled' };
  if (/&(?!(amp|lt|gt|quot|apos);)/.test(plain)) {
    yield { fact: 'it has a character reference, which could spell out what is refused' };
  }
  for (const [, end, element = '', attributes = ''] of plain.matchAll(TAG)) {
    if (end) continue;
    if (!ELEMENTS.has(element)) {
      yield { fact: `it has a <${element}> element`, literal: `<${element}` };
    }
    yield* attributeFaults(attributes);
  }
}

function* attributeFaults(attributes: string): Generator<{ fact: string; literal?: string }> {
  const rest = attributes.replace(ATTRIBUTE, '').replace(/[\s/]/g, '');
  if (rest) yield { fact: `it has an attribute without a quoted value (${rest.slice(0, 40)})` };
  for (const [whole, name = '', quoted = ''] of attributes.matchAll(ATTRIBUTE)) {
    const value = quoted.slice(1, -1).trim();
    const local = /^#[\w.-]+$/.test(value);
    if (/^on/i.test(name)) {
      yield { fact: `it has an event handler (${name})`, literal: whole };
    } else if (/(^|:)href$/i.test(name) && !local) {
      yield { fact: 'it refers to something outside of itself', literal: whole };
    } else if (/url\(\s*(?!['"]?#)|javascript:|expression\(|@import|\\/i.test(value)) {
      yield { fact: `the attribute ${name} loads something or runs code`, literal: whole };
    }
  }
}
