import { noteStyle, widthOf, withoutColours } from './style.ts';

/** Prints a value as JSON with `--json`, else as the text made for people. */
export function print(json: boolean | undefined, value: unknown, text: () => string): void {
  const output = json ? JSON.stringify(value, null, 2) : text();
  if (output !== '') process.stdout.write(`${output}\n`);
}

/** Rows as columns of equal width; a line is cut to the terminal's width. */
export function table(
  rows: readonly (readonly string[])[],
  width = process.stdout.columns || Number.POSITIVE_INFINITY,
): string {
  const columns = rows[0]?.length ?? 0;
  const widths = Array.from({ length: columns }, (_, index) =>
    Math.max(...rows.map((row) => widthOf(row[index] ?? ''))),
  );
  return rows
    .map((row) => {
      const line = row
        .map((cell, index) =>
          index === columns - 1 ? cell : cell + ' '.repeat((widths[index] ?? 0) - widthOf(cell)),
        )
        .join('  ')
        .trimEnd();
      // A cut in the middle of a colour would colour what follows.
      if (widthOf(line) <= width) return line;
      return `${withoutColours(line).slice(0, Math.max(width - 1, 1))}…`;
    })
    .join('\n');
}

/** Lines on stderr, for what is no result. */
export function note(line: string): void {
  console.error(`${noteStyle.dim('portolan:')} ${line}`);
}
