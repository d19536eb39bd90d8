import { PortolanError } from '../errors.ts';

/**
 * Splits a byte stream at line feeds. Feed it chunks; it calls `onLine` with each line, without its
 * end. Holds at most `limit` bytes of an unfinished line and throws `failed` /
 * `MESSAGE_TOO_LARGE` beyond that: a server that never ends a line must not fill our memory.
 */
export function lineReader(limit: number, onLine: (line: Buffer) => void): (chunk: Buffer) => void {
  let parts: Buffer[] = [];
  let held = 0;
  const guard = (size: number): void => {
    if (size <= limit) return;
    parts = [];
    held = 0;
    throw new PortolanError(
      'failed',
      'MESSAGE_TOO_LARGE',
      `it sent a line of more than ${limit} bytes; raise the message limit if the server really answers so much`,
    );
  };
  return (chunk) => {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      guard(held + end - start);
      const rest = chunk.subarray(start, end);
      const line = held === 0 ? rest : Buffer.concat([...parts, rest]);
      parts = [];
      held = 0;
      start = end + 1;
      onLine(line);
    }
    if (start < chunk.length) {
      guard(held + chunk.length - start);
      parts.push(chunk.subarray(start));
      held += chunk.length - start;
    }
  };
}
