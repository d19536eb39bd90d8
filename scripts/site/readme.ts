import { Marked } from 'marked';
import sanitizeHtml from 'sanitize-html';

const marked = new Marked({ gfm: true, async: false });

/**
 * HTML of a stranger's Markdown, safe to put into a page: no script, style, form, frame or image
 * (an image would tell its host who reads the page; its text alternative stands in for it).
 * Headings move two levels down, below the page's own. `base` resolves relative links.
 */
export function renderReadme(markdown: string, base?: string): string {
  const html = marked.parse(markdown, { async: false });
  return sanitizeHtml(html, {
    ...RULES,
    transformTags: {
      ...RULES.transformTags,
      a: (_tag, { href, title }) => {
        const target = resolveLink(href, base);
        return target
          ? {
              tagName: 'a',
              attribs: { href: target, rel: 'noopener nofollow ugc', ...(title ? { title } : {}) },
            }
          : { tagName: 'span', attribs: {} };
      },
    },
  });
}

const heading =
  (tagName: string): sanitizeHtml.Transformer =>
  () => ({ tagName, attribs: {} });

const RULES: sanitizeHtml.IOptions = {
  allowedTags: [
    ...['h3', 'h4', 'h5', 'h6', 'p', 'a', 'ul', 'ol', 'li', 'blockquote', 'pre', 'code', 'hr'],
    ...['br', 'strong', 'em', 'b', 'i', 'del', 's', 'kbd', 'sub', 'sup', 'table', 'thead'],
    ...['tbody', 'tr', 'th', 'td', 'span', 'details', 'summary', 'dl', 'dt', 'dd'],
  ],
  allowedAttributes: { a: ['href', 'rel', 'title'], ol: ['start'] },
  allowedSchemes: ['https', 'http', 'mailto'],
  allowProtocolRelative: false,
  disallowedTagsMode: 'discard',
  nestingLimit: 40,
  transformTags: {
    h1: heading('h3'),
    h2: heading('h3'),
    h3: heading('h4'),
    h4: heading('h5'),
    h5: heading('h6'),
    h6: heading('h6'),
    img: (_tag, { alt }) => ({ tagName: 'span', attribs: {}, text: alt ? `[${alt}]` : '' }),
  },
};

function resolveLink(href: string | undefined, base: string | undefined): string | undefined {
  if (!href || href.startsWith('#')) return undefined;
  try {
    const { href: absolute, protocol } = base ? new URL(href, base) : new URL(href);
    return ['https:', 'http:', 'mailto:'].includes(protocol) ? absolute : undefined;
  } catch {
    return undefined;
  }
}

/**
 * A stranger's SVG reduced to shapes and paint: no script, no events, no links, no references to
 * other files. Undefined when nothing is left to draw.
 */
export function sanitizeSvg(svg: string): string | undefined {
  if (svg.length > 64 * 1024) return undefined;
  const clean = sanitizeHtml(svg, {
    parser: { xmlMode: true },
    allowedTags: SVG_TAGS,
    allowedAttributes: { '*': SVG_ATTRIBUTES },
    allowedSchemes: [],
    allowedSchemesAppliedToAttributes: [],
    disallowedTagsMode: 'discard',
    exclusiveFilter: ({ attribs }) =>
      Object.values(attribs).some((value) =>
        /url\(\s*(?!['"]?#)|javascript:|data:|expression\(/i.test(value),
      ),
  }).trim();
  if (!clean.startsWith('<svg')) return undefined;
  return clean.includes('xmlns=')
    ? clean
    : clean.replace('<svg', '<svg xmlns="http://www.w3.org/2000/svg"');
}

const SVG_TAGS = [
  ...['svg', 'g', 'path', 'rect', 'circle', 'ellipse', 'line', 'polyline', 'polygon', 'title'],
  ...['defs', 'linearGradient', 'radialGradient', 'stop', 'clipPath', 'mask', 'text', 'tspan'],
];
const SVG_ATTRIBUTES = [
  ...['xmlns', 'viewBox', 'width', 'height', 'x', 'y', 'x1', 'x2', 'y1', 'y2', 'cx', 'cy', 'r'],
  ...['rx', 'ry', 'd', 'points', 'fill', 'fill-rule', 'fill-opacity', 'stroke', 'stroke-width'],
  ...['stroke-linecap', 'stroke-linejoin', 'stroke-opacity', 'stroke-dasharray', 'opacity'],
  ...['transform', 'id', 'offset', 'stop-color', 'stop-opacity', 'gradientUnits', 'clip-path'],
  ...['gradientTransform', 'clip-rule', 'mask', 'font-size', 'font-weight', 'text-anchor'],
  ...['preserveAspectRatio', 'stroke-miterlimit', 'maskUnits', 'clipPathUnits', 'font-family'],
];
