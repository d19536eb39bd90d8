import { type FileHandle, open } from 'node:fs/promises';
import { messageOf, PortolanError } from '../errors.ts';

/** Where a file lies in a tar. */
export interface TarMember {
  readonly offset: number;
  readonly size: number;
}

/** What a tar is read from: an open file, or bytes in memory. */
export interface TarFile {
  stat(): Promise<{ readonly size: number }>;
  read(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesRead: number }>;
}

const BLOCK = 512;
const MAX_MEMBERS = 200_000;
/** Names longer than this occur in no layout. */
const MAX_LONG_NAME = 64 * 1024;

/**
 * Lists the regular files of an uncompressed tar (POSIX ustar, pax and GNU long names), by their
 * names without a leading `./`. Contents are not read. Of equal names the last holds, as when
 * unpacking. Throws `malformed` / `TAR_MALFORMED`.
 */
export async function listTar(
  file: TarFile,
  where: string,
): Promise<ReadonlyMap<string, TarMember>> {
  const { size: end } = await file.stat();
  const members = new Map<string, TarMember>();
  const header = Buffer.alloc(BLOCK);
  let pendingName: string | undefined;
  let pendingSize: number | undefined;
  let at = 0;
  while (at + BLOCK <= end) {
    await readFully(file, header, at, where);
    if (header.every((byte) => byte === 0)) break;
    checkSum(header, where);
    const type = String.fromCharCode(header[156] ?? 0);
    const size = pendingSize ?? numberAt(header, 124, 12, where);
    const offset = at + BLOCK;
    if (offset + size > end) throw malformed(where, 'is cut off');
    if (type === 'x' || type === 'L') {
      if (size > MAX_LONG_NAME) throw malformed(where, 'has a header that is too large');
      const text = Buffer.alloc(size);
      await readFully(file, text, offset, where);
      if (type === 'L') pendingName = untilNul(text);
      else ({ name: pendingName, size: pendingSize } = readPax(text, pendingName));
    } else if (type !== 'g') {
      if (type === '0' || type === '\0') {
        const name = (pendingName ?? nameOf(header)).replace(/^(?:\.\/)+/, '');
        members.set(name, { offset, size });
        if (members.size > MAX_MEMBERS) throw malformed(where, `has over ${MAX_MEMBERS} files`);
      }
      pendingName = undefined;
      pendingSize = undefined;
    }
    at = offset + Math.ceil(size / BLOCK) * BLOCK;
  }
  return members;
}

/** One file of a tar, ready to be written: header, content and padding. */
export async function* tarEntry(
  name: string,
  size: number,
  content: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield tarHeader(name, size);
  yield* content;
  const rest = size % BLOCK;
  if (rest > 0) yield new Uint8Array(BLOCK - rest);
}

/** The two empty blocks that end a tar. */
export const TAR_END: Uint8Array = new Uint8Array(2 * BLOCK);

/** A ustar header without an owner and without a date, so that equal content gives equal bytes. */
function tarHeader(name: string, size: number): Uint8Array {
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0, 100, 'utf8');
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\0', 257);
  header.write('00', 263);
  header.write(`${sumOf(header).toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

function checkSum(header: Buffer, where: string): void {
  const said = numberAt(header, 148, 8, where);
  const blanked = Buffer.from(header);
  blanked.fill(32, 148, 156);
  if (sumOf(blanked) !== said) {
    throw malformed(where, 'is not an uncompressed tar, or it is damaged');
  }
}

function sumOf(header: Buffer): number {
  let sum = 0;
  for (const byte of header) sum += byte;
  return sum;
}

/** Octal text, or GNU's binary form for large files (first bit set). */
function numberAt(header: Buffer, from: number, length: number, where: string): number {
  const first = header[from] ?? 0;
  let value: number;
  if (first >= 0x80) {
    value = first & 0x7f;
    for (let i = from + 1; i < from + length; i += 1) value = value * 256 + (header[i] ?? 0);
  } else {
    const text = untilNul(header.subarray(from, from + length)).trim();
    if (!/^[0-7]*$/.test(text)) throw malformed(where, 'has a number that is not octal');
    value = Number.parseInt(text || '0', 8);
  }
  if (!Number.isSafeInteger(value)) throw malformed(where, 'has a number that is too large');
  return value;
}

function nameOf(header: Buffer): string {
  const name = untilNul(header.subarray(0, 100));
  const isUstar = header.toString('latin1', 257, 262) === 'ustar' && header[262] === 0;
  const prefix = isUstar ? untilNul(header.subarray(345, 500)) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Records of a pax header: `LENGTH KEY=VALUE\n`; only path and size matter here. */
function readPax(
  text: Buffer,
  name: string | undefined,
): { name: string | undefined; size: number | undefined } {
  let size: number | undefined;
  let path = name;
  let at = 0;
  while (at < text.length) {
    const space = text.indexOf(32, at);
    const length = space < 0 ? Number.NaN : Number(text.toString('latin1', at, space));
    if (!Number.isSafeInteger(length) || length <= space - at || at + length > text.length) break;
    const record = text.toString('utf8', space + 1, at + length - 1);
    if (record.startsWith('path=')) path = record.slice(5);
    if (/^size=[0-9]{1,15}$/.test(record)) size = Number(record.slice(5));
    at += length;
  }
  return { name: path, size };
}

function untilNul(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

/** Fills `buffer` from a place in the file. */
export async function readFully(
  file: TarFile,
  buffer: Uint8Array,
  position: number,
  where: string,
): Promise<void> {
  let done = 0;
  while (done < buffer.byteLength) {
    const { bytesRead } = await file.read(buffer, done, buffer.byteLength - done, position + done);
    if (bytesRead === 0) throw malformed(where, 'is cut off');
    done += bytesRead;
  }
}

/** Bytes in memory as a tar to read. */
export function tarInMemory(bytes: Uint8Array): TarFile {
  return {
    stat: async () => ({ size: bytes.byteLength }),
    async read(buffer, offset, length, position) {
      const piece = bytes.subarray(position, position + length);
      buffer.set(piece, offset);
      return { bytesRead: piece.byteLength };
    },
  };
}

/** Opens a file for reading; throws `unreachable` / `NOT_FOUND`. */
export async function openForReading(path: string, where: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    throw new PortolanError(
      'unreachable',
      'NOT_FOUND',
      `${where} cannot be read: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

function malformed(where: string, fact: string): PortolanError {
  return new PortolanError(
    'malformed',
    'TAR_MALFORMED',
    `${where} ${fact}; write it again with \`tar -cf\`, \`skopeo copy ... oci-archive:\` or Portolan`,
  );
}
