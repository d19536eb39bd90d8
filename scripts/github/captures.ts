import { readFile } from 'node:fs/promises';
import { hasErrno, messageOf, PortolanError } from '../../core/errors.ts';

/** What running the server of one entry gave, compared with the committed tools.json. */
export interface CaptureResult {
  readonly name: string;
  /** skipped: dynamic tools, withdrawn, or a kind that cannot run where the check ran. */
  readonly result: 'same' | 'differs' | 'failed' | 'skipped';
  /** What differs, or why it failed or was skipped. */
  readonly lines: readonly string[];
}

/** captures.json, handed from the job that runs strangers' code to the one that may comment. */
export interface Captures {
  readonly formatVersion: 1;
  readonly captures: readonly CaptureResult[];
}

const RESULTS = ['same', 'differs', 'failed', 'skipped'];
const MAX_BYTES = 1024 * 1024;
const MAX_ENTRIES = 500;
const MAX_LINES = 50;

/**
 * Reads captures.json. A pull request can change the script that wrote it, so nothing in it is
 * believed but its shape; undefined when the check did not get that far.
 *
 * Throws `malformed` / `CAPTURES_MALFORMED`.
 */
export async function readCaptures(file: string): Promise<Captures | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
  if (bytes.byteLength > MAX_BYTES) throw malformed(file, `has ${bytes.byteLength} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw malformed(file, messageOf(error));
  }
  const list = isRecord(value) && value.formatVersion === 1 ? value.captures : undefined;
  if (!Array.isArray(list) || list.length > MAX_ENTRIES || !list.every(isResult)) {
    throw malformed(file, 'does not have its shape');
  }
  return { formatVersion: 1, captures: list };
}

function isResult(value: unknown): value is CaptureResult {
  return (
    isRecord(value) &&
    typeof value.name === 'string' &&
    /^[a-z0-9]+(-[a-z0-9]+)*$/.test(value.name) &&
    RESULTS.includes(String(value.result)) &&
    Array.isArray(value.lines) &&
    value.lines.length <= MAX_LINES &&
    value.lines.every((line) => typeof line === 'string' && line.length <= 1_000)
  );
}

/** The same result within the limits of the reader. */
export function trimResult({ name, result, lines }: CaptureResult): CaptureResult {
  const kept = lines.slice(0, MAX_LINES - 1).map((line) => line.slice(0, 1_000));
  const more = lines.length - kept.length;
  return { name, result, lines: more > 0 ? [...kept, `and ${more} more`] : kept };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function malformed(file: string, fact: string): PortolanError {
  return new PortolanError(
    'malformed',
    'CAPTURES_MALFORMED',
    `${file} ${fact}; it was not made by \`npm run review\`, so no comment is made of it`,
  );
}
