/**
 * Texts of strangers in a comment that this repository's bot signs. Threats: mentions that notify
 * people, links and images that lead away, HTML that hides or fakes parts of the comment, and
 * invisible characters.
 */

/** A text as inline code, where Markdown and mentions have no meaning; shortened to `limit`. */
export function code(text: string, limit = 200): string {
  const plain = oneLine(text, limit).replaceAll('`', "'");
  // Inside a table a vertical bar ends the cell, even in code, unless it is escaped.
  return `\`${plain.replaceAll('|', '\\|') || ' '}\``;
}

/** A text as plain words: every character that Markdown or GitHub gives a meaning is taken off. */
export function words(text: string, limit = 300): string {
  return oneLine(text, limit)
    .replace(/[\\`*_{}[\]()#+!|~<>&@$:/]/g, (character) => `&#${character.codePointAt(0)};`)
    .replace(/\bwww\./gi, 'www&#46;');
}

function oneLine(text: string, limit: number): string {
  const visible = text.replace(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  const characters = [...visible];
  return characters.length > limit ? `${characters.slice(0, limit - 3).join('')}...` : visible;
}
