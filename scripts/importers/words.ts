/** A name as entries have it: `youtube_transcript` and `SQLite` become `youtube-transcript`, `sqlite`. */
export function toName(text: string): string {
  return slug(text, '-').slice(0, 64).replace(/-$/, '') || 'unnamed';
}

/** A name of a parameter or secret, in small letters with underscores. */
export function toSettingName(text: string): string {
  return (slug(text, '_').replace(/^[^a-z]+/, '') || 'value').slice(0, 64);
}

/** A tag, or undefined when nothing of it can be one. */
export function toTag(text: string): string | undefined {
  return slug(text, '-').slice(0, 40).replace(/-$/, '') || undefined;
}

function slug(text: string, separator: string): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, separator)
    .replace(new RegExp(`^${separator}+|${separator}+$`, 'g'), '');
}

/** One line of plain text out of Markdown: emphasis, links, code and HTML marks go, words stay. */
export function toPlainText(text: string): string {
  return text
    .replace(/!?\[([^\]\n]*)\]\([^)\n]*\)/g, '$1')
    .replace(/<\/?[a-z][^>\n]*>/gi, ' ')
    .replace(/\*\*([^*]+)\*\*|__([^_]+)__|`([^`]+)`/g, '$1$2$3')
    .replace(/^\s*(?:#{1,6}|[-*+]|\d+\.)\s+/gm, '')
    .replace(/\s+/g, ' ')
    .trim();
}

/** A text within `limit` characters, cut after a sentence where there is one, else after a word. */
export function shortenText(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const part = text.slice(0, limit);
  const sentence = Math.max(part.lastIndexOf('. '), part.lastIndexOf('! '), part.lastIndexOf('? '));
  if (sentence >= limit / 3) return part.slice(0, sentence + 1);
  const word = text.slice(0, limit - 3).replace(/\s+\S*$/, '');
  return `${word}...`;
}

/** Literal text inside a template. */
export function escapeBraces(text: string): string {
  return text.replace(/[{}]/g, '$&$&');
}

/** Publisher by the address of the source: the organisation that owns the repository. */
export function publisherOfRepository(url: string): { name: string; url: string } | undefined {
  const match = /^https:\/\/(github\.com|gitlab\.com|codeberg\.org)\/([^/]+)\//.exec(`${url}/`);
  return match?.[2] ? { name: match[2], url: `https://${match[1]}/${match[2]}` } : undefined;
}

/** Publisher by the address of an endpoint: the domain that it is under. */
export function publisherOfHost(url: string): { name: string; url: string } | undefined {
  const host = URL.parse(url)?.hostname;
  if (!host?.includes('.')) return undefined;
  const domain = host
    .split('.')
    .slice(/\.(co|com|org|net|gov|ac)\.[a-z]{2}$/.test(host) ? -3 : -2)
    .join('.');
  return { name: domain, url: `https://${domain}` };
}
