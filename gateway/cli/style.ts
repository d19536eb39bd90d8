/** Colours of what people read; plain text where there is no terminal to show them. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  warning(text: string): string;
  bad(text: string): string;
}

/**
 * Colours for a stream: only on terminals, and never with NO_COLOR (https://no-color.org) or on a
 * terminal that calls itself dumb.
 */
export function styleFor(
  stream: { readonly isTTY?: boolean },
  env: NodeJS.ProcessEnv = process.env,
): Style {
  const on = stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
  const paint = (open: number, close: number) => (text: string) =>
    on && text !== '' ? `\u001b[${open}m${text}\u001b[${close}m` : text;
  return {
    bold: paint(1, 22),
    dim: paint(2, 22),
    good: paint(32, 39),
    warning: paint(33, 39),
    bad: paint(31, 39),
  };
}

/** For results. */
export const style = styleFor(process.stdout);
/** For everything else that is said. */
export const noteStyle = styleFor(process.stderr);

/** Characters that a text takes on a terminal, which shows no colours as characters. */
export function widthOf(text: string): number {
  return withoutColours(text).length;
}

export function withoutColours(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours are made of
  return text.replace(/\u001b\[[0-9;]*m/g, '');
}
