import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, crc32, deflateSync, inflateSync } from 'node:zlib';

/** Letters of one size: their widths, and their pixels from 0 to 3, one after the other. */
export interface Glyphs {
  readonly height: number;
  readonly characters: string;
  readonly widths: readonly number[];
  /** Base64 of the deflated pixels. */
  readonly pixels: string;
}

/** What a preview image says. */
export interface Preview {
  readonly brand: string;
  readonly title: string;
  readonly text: string;
  readonly footer: string;
  /** #rrggbb. */
  readonly accent: string;
}

const WIDTH = 1200;
const HEIGHT = 630;
const LEFT = 96;
const RIGHT = WIDTH - 80;
const PAPER = [253, 253, 252] as const;
const INK = [21, 33, 42] as const;
const ACCENT_LEVEL = 4;

/**
 * An image of 1200 by 630 pixels for links that are shared (Open Graph), as PNG. Drawn from letters
 * in a file: no browser, no fonts, the same bytes everywhere, and a few milliseconds each.
 */
export function previewImage({ brand, title, text, footer, accent }: Preview): Buffer {
  const rows = blank();
  const { large, small } = letters();
  drawText(rows, small, brand, 72, ACCENT_LEVEL);
  let y = 150;
  for (const line of wrap(large, title, 2)) {
    drawText(rows, large, line, y, 0);
    y += large.height;
  }
  y += 24;
  const bottom = HEIGHT - 96;
  const distance = small.height + 6;
  for (const line of wrap(small, text, Math.floor((bottom - y) / distance))) {
    drawText(rows, small, line, y, 0);
    y += distance;
  }
  drawText(rows, small, wrap(small, footer, 1)[0] ?? '', bottom, ACCENT_LEVEL);
  return encodePng(rows, accent);
}

interface Letters {
  readonly height: number;
  readonly letters: ReadonlyMap<string, Letter>;
}

/** A letter's width, and the shades of its pixels, row by row. */
interface Letter {
  readonly width: number;
  readonly levels: Uint8Array;
  /** Found when it is first drawn: in ink and in the accent, from the left and the right half of a byte. */
  readonly edges: Edges[];
}

/** Bytes of an image that a letter changes: where, from its first byte on, and by how much. */
interface Edges {
  readonly places: Uint16Array;
  readonly changes: Uint8Array;
}

let cached: { readonly large: Letters; readonly small: Letters } | undefined;

function letters() {
  if (!cached) {
    const path = join(import.meta.dirname, 'glyphs.generated.json');
    const { large, small } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, Glyphs>;
    cached = { large: open(large as Glyphs), small: open(small as Glyphs) };
  }
  return cached;
}

function open({ height, characters, widths, pixels }: Glyphs): Letters {
  const levels = inflateSync(Buffer.from(pixels, 'base64'));
  const letters = new Map<string, Letter>();
  let offset = 0;
  for (const [index, character] of [...characters].entries()) {
    const width = widths[index] ?? 0;
    const own = levels.subarray(offset, offset + width * height);
    letters.set(character, { width, levels: own, edges: [] });
    offset += width * height;
  }
  return { height, letters };
}

function edgesOf({ width, levels }: Letter, colour: number, half: number): Edges {
  const pixel = (x: number, y: number) => {
    const level = x < 0 || x >= width ? 0 : (levels[y * width + x] ?? 0);
    return level && colour + level;
  };
  const places: number[] = [];
  const changes: number[] = [];
  const wide = (width + half + 1) >> 1;
  let above = new Uint8Array(wide);
  // One row more than the letter has: below it, paper begins again.
  for (let y = 0; y <= levels.length / width; y++) {
    const row = Uint8Array.from(above, (_, at) => {
      const x = 2 * at - half;
      return (pixel(x, y) << 4) | pixel(x + 1, y);
    });
    for (const [at, value] of row.entries()) {
      if (value === above[at]) continue;
      places.push(y * ROW + at);
      changes.push(value - (above[at] as number));
    }
    above = row;
  }
  return { places: Uint16Array.from(places), changes: Uint8Array.from(changes) };
}

/** Letters that the file lacks lose their accents, or become a bullet. */
const known = (text: string, { letters }: Letters): Letter[] =>
  [...text].flatMap((character) => {
    const plain = () => letters.get(character.normalize('NFKD')[0] ?? '');
    return letters.get(character) ?? plain() ?? letters.get('•') ?? [];
  });

const widthOf = (text: string, font: Letters): number =>
  known(text, font).reduce((sum, { width }) => sum + width, 0);

function wrap(font: Letters, text: string, most: number): string[] {
  const space = widthOf(' ', font);
  const lines: string[] = [];
  let line = '';
  let width = 0;
  for (const word of text.split(/\s+/)) {
    const own = widthOf(word, font);
    const longer = line ? width + space + own : own;
    if (longer <= RIGHT - LEFT) {
      line = line ? `${line} ${word}` : word;
      width = longer;
      continue;
    }
    if (lines.length === most - 1) return [...lines, `${line || word.slice(0, 24)}…`];
    if (line) lines.push(line);
    line = word;
    width = own;
  }
  return [...lines, line];
}

/**
 * Draws into rows of a PNG that are ready to be compressed: two pixels in a byte, and each byte as the
 * difference from the one above it (PNG specification, 9.2, filter type Up). So only the edges of
 * letters are drawn, and few bytes are left that are not zero.
 */
function drawText(rows: Uint8Array, font: Letters, text: string, top: number, colour: number) {
  let left = LEFT;
  for (const letter of known(text, font)) {
    if (left + letter.width > WIDTH) return;
    const half = left & 1;
    const variant = colour + half;
    letter.edges[variant] ??= edgesOf(letter, colour, half);
    const { places, changes } = letter.edges[variant];
    const start = top * ROW + 1 + (left >> 1);
    // Differences add up, also where two letters meet in a byte: their sum modulo 256 is that of the byte.
    for (let at = 0; at < places.length; at++) {
      (rows[start + (places[at] as number)] as number) += changes[at] as number;
    }
    left += letter.width;
  }
}

/** Bytes of a row: one that says how it is filtered, and half of one for each pixel. */
const ROW = 1 + WIDTH / 2;
const UP = 2;
let paper: Uint8Array | undefined;
/** The rows being drawn, used again for each image: they are a third of a megabyte. */
let rows: Uint8Array | undefined;

/** Rows of paper, with the bar at their edge; good until the next call. */
function blank(): Uint8Array {
  if (!paper || !rows) {
    paper = new Uint8Array(ROW * HEIGHT);
    for (let y = 0; y < HEIGHT; y++) paper[y * ROW] = UP;
    const bar = ACCENT_LEVEL + 3;
    paper.fill((bar << 4) | bar, 1, 1 + 16);
    rows = new Uint8Array(paper.length);
  }
  rows.set(paper);
  return rows;
}

/** A PNG of four bits a pixel: 0 is paper, 1 to 3 shades of ink, 5 to 7 shades of the accent. */
function encodePng(rows: Uint8Array, accent: string): Buffer {
  const tint = [1, 3, 5].map((at) => Number.parseInt(accent.slice(at, at + 2), 16));
  const shades = (ink: readonly number[]) =>
    [0, 1, 2, 3].flatMap((level) =>
      PAPER.map((paper, at) => Math.round(paper + (((ink[at] ?? 0) - paper) * level) / 3)),
    );
  const header = Buffer.alloc(13);
  header.writeUInt32BE(WIDTH, 0);
  header.writeUInt32BE(HEIGHT, 4);
  // Bit depth 4, colour type 3 (palette).
  header.set([4, 3, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from([...shades(INK), ...shades(tint)])),
    chunk('IDAT', deflateSync(rows, { level: 1, strategy: constants.Z_RLE })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.byteLength);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
