import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateSync, inflateSync } from 'node:zlib';

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
  const pixels = new Uint8Array(WIDTH * HEIGHT);
  const rows: Canvas = { pixels, inked: new Uint8Array(HEIGHT) };
  const { large, small } = letters();
  for (let y = 0; y < HEIGHT; y++) pixels.fill(ACCENT_LEVEL + 3, y * WIDTH, y * WIDTH + 32);
  drawText(rows, small, brand, 72, ACCENT_LEVEL);
  let y = 150;
  for (const line of wrap(large, title, 2)) {
    drawText(rows, large, line, y, 0);
    y += large.height;
  }
  y += 24;
  for (const line of wrap(small, text, 5)) {
    drawText(rows, small, line, y, 0);
    y += small.height + 6;
  }
  drawText(rows, small, wrap(small, footer, 1)[0] ?? '', HEIGHT - 96, ACCENT_LEVEL);
  return encodePng(rows, accent);
}

interface Letters extends Omit<Glyphs, 'pixels' | 'widths' | 'characters'> {
  readonly widths: ReadonlyMap<string, number>;
  readonly offsets: ReadonlyMap<string, number>;
  readonly pixels: Uint8Array;
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
  const offsets = new Map<string, number>();
  let offset = 0;
  const list = [...characters];
  for (const [index, character] of list.entries()) {
    offsets.set(character, offset);
    offset += (widths[index] ?? 0) * height;
  }
  return {
    height,
    offsets,
    widths: new Map(list.map((character, index) => [character, widths[index] ?? 0])),
    pixels: inflateSync(Buffer.from(pixels, 'base64')),
  };
}

/** Letters that the file lacks lose their accents, or become a bullet. */
const known = (text: string, { widths }: Letters): string[] =>
  [...text].map((character) => {
    if (widths.has(character)) return character;
    const plain = character.normalize('NFKD')[0] ?? '';
    return widths.has(plain) ? plain : '•';
  });

function wrap(font: Letters, text: string, most: number): string[] {
  const widthOf = (line: string) =>
    known(line, font).reduce((sum, character) => sum + (font.widths.get(character) ?? 0), 0);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    const longer = line ? `${line} ${word}` : word;
    if (widthOf(longer) <= RIGHT - LEFT) {
      line = longer;
      continue;
    }
    if (lines.length === most - 1) return [...lines, `${line || word.slice(0, 24)}…`];
    if (line) lines.push(line);
    line = word;
  }
  return [...lines, line];
}

function drawText(
  { pixels, inked }: Canvas,
  font: Letters,
  text: string,
  top: number,
  colour: number,
) {
  let x = LEFT;
  inked.fill(1, top, top + font.height);
  for (const character of known(text, font)) {
    const width = font.widths.get(character) ?? 0;
    const offset = font.offsets.get(character) ?? 0;
    if (x + width > WIDTH) return;
    for (let row = 0; row < font.height; row++) {
      for (let column = 0; column < width; column++) {
        const level = font.pixels[offset + row * width + column] as number;
        if (level) pixels[(top + row) * WIDTH + x + column] = colour + level;
      }
    }
    x += width;
  }
}

/** Pixels of an image, row by row, and which rows hold letters. */
interface Canvas {
  readonly pixels: Uint8Array;
  readonly inked: Uint8Array;
}

/** A PNG of four bits a pixel: 0 is paper, 1 to 3 shades of ink, 5 to 7 shades of the accent. */
function encodePng({ pixels, inked }: Canvas, accent: string): Buffer {
  const tint = [1, 3, 5].map((at) => Number.parseInt(accent.slice(at, at + 2), 16));
  const shades = (ink: readonly number[]) =>
    [0, 1, 2, 3].flatMap((level) =>
      PAPER.map((paper, at) => Math.round(paper + (((ink[at] ?? 0) - paper) * level) / 3)),
    );
  const bytes = WIDTH / 2;
  const raw = new Uint8Array((bytes + 1) * HEIGHT);
  const pack = (y: number) => {
    const start = y * (bytes + 1) + 1;
    for (let x = 0, at = y * WIDTH; x < bytes; x++, at += 2) {
      raw[start + x] = ((pixels[at] as number) << 4) | (pixels[at + 1] as number);
    }
  };
  // Most rows are paper and the bar at its edge: packed once, they are copied.
  pack(0);
  const blank = raw.slice(0, bytes + 1);
  for (let y = 1; y < HEIGHT; y++) {
    if (inked[y]) pack(y);
    else raw.set(blank, y * (bytes + 1));
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(WIDTH, 0);
  header.writeUInt32BE(HEIGHT, 4);
  // Bit depth 4, colour type 3 (palette).
  header.set([4, 3, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from([...shades(INK), ...shades(tint)])),
    chunk('IDAT', deflateSync(raw, { level: 2 })),
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
