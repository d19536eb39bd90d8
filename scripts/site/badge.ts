import { escapeXml } from './write.ts';

/** A badge for a readme: the catalog's name and a text, as SVG without fonts of its own. */
export function badgeSvg(label: string, text: string): string {
  const left = widthOf(label) + 16;
  const right = widthOf(text) + 16;
  const width = left + right;
  const name = escapeXml(`${label}: ${text}`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="20" role="img" aria-label="${name}"><title>${name}</title><rect width="${width}" height="20" rx="4" fill="#0b5d6b"/><path d="M0 4a4 4 0 0 1 4-4h${left - 4}v20H4a4 4 0 0 1-4-4z" fill="#2b343a"/><g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11"><text x="8" y="14" textLength="${left - 16}">${escapeXml(label)}</text><text x="${left + 8}" y="14" textLength="${right - 16}">${escapeXml(text)}</text></g></svg>`;
}

/** Width in pixels at 11 px, near enough; textLength makes it exact. */
const widthOf = (text: string) =>
  Math.round(
    [...text].reduce((sum, c) => sum + (/[ijl.,:;|'!]/.test(c) ? 4 : /[mwMW]/.test(c) ? 10 : 7), 0),
  );
