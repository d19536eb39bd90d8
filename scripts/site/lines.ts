import { open } from 'node:fs/promises';

/** Characters written at once. */
const CHUNK = 1 << 20;

/** Writes lines to a file as they come: of a huge catalog all of them would fill the memory. */
export async function writeLines(
  path: string,
  lines: Iterable<string> | AsyncIterable<string>,
): Promise<void> {
  const file = await open(path, 'w');
  try {
    let text = '';
    for await (const line of lines) {
      text += `${line}\n`;
      if (text.length < CHUNK) continue;
      await file.writeFile(text);
      text = '';
    }
    await file.writeFile(text);
  } finally {
    await file.close();
  }
}

/** Reads what writeLines wrote, a line at a time. */
export async function* readLines(path: string): AsyncGenerator<string> {
  const file = await open(path);
  yield* file.readLines();
}
