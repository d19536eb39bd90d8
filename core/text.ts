/**
 * The first `max` UTF-16 code units of a text, without half a character at the end: a lone surrogate
 * is no Unicode text, and strict readers of JSON refuse it.
 */
export function cutText(text: string, max: number): string {
  const cut = text.slice(0, max);
  return /[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut;
}

/** `1 server`, `2 servers`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
