import type { Readable } from 'node:stream';

/**
 * Calls `onLine` for each line of UTF-8 text, without its end. A line that grows past `maxBytes`
 * is skipped to its end and reported once. Reads each byte once, however long a line is.
 */
export function readLines(
  stream: Readable,
  onLine: (line: string) => void,
  { maxBytes, onTooLong }: { maxBytes: number; onTooLong: () => void },
): void {
  let parts: Buffer[] = [];
  let size = 0;
  let skipping = false;
  stream.on('data', (chunk: Buffer) => {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(10, start);
      if (end < 0) break;
      if (skipping) skipping = false;
      else if (parts.length === 0) emit(chunk.toString('utf8', start, end));
      else {
        parts.push(chunk.subarray(start, end));
        const line = Buffer.concat(parts).toString('utf8');
        parts = [];
        size = 0;
        emit(line);
      }
      start = end + 1;
    }
    if (skipping || start === chunk.length) return;
    parts.push(start === 0 ? chunk : chunk.subarray(start));
    size += chunk.length - start;
    if (size > maxBytes) {
      parts = [];
      size = 0;
      skipping = true;
      onTooLong();
    }
  });
  const emit = (line: string) => {
    if (line.length > 0 && line !== '\r') onLine(line);
  };
}
