import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, launchChromium } from '../../scripts/chromium.ts';
import { type Glyphs, type Preview, previewImage } from '../../scripts/site/preview.ts';

const noBrowser = chromiumPath() === undefined && process.env.PORTOLAN_NO_SKIP !== '1';
if (noBrowser) console.warn('tests of previews are skipped: Chromium is not on this machine');

const WIDTH = 1200;
const HEIGHT = 630;
const LEFT = 96;
const TITLE_TOP = 150;
const FOOTER_TOP = HEIGHT - 96;
const PAPER = 'fdfdfc';
const ACCENT = '0b5d6b';
const PREVIEW: Preview = {
  brand: 'Portolan',
  title: 'Harbour',
  text: 'Reads and writes files.',
  footer: 'Example · npm · 1.0.0',
  accent: `#${ACCENT}`,
};

describe.skipIf(noBrowser)('the preview image of a server, as Chromium decodes it', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  /** Its pixels as rrggbb. */
  async function decode(preview: Preview): Promise<(x: number, y: number) => string> {
    const page = await browser.newPage();
    const url = `data:image/png;base64,${previewImage(preview).toString('base64')}`;
    const base64 = await page.evaluate(async (source) => {
      const image = new Image();
      image.src = source;
      await image.decode();
      const canvas = document.createElement('canvas');
      canvas.width = image.naturalWidth;
      canvas.height = image.naturalHeight;
      const context = canvas.getContext('2d') as CanvasRenderingContext2D;
      context.drawImage(image, 0, 0);
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      let text = '';
      for (const byte of data) text += String.fromCharCode(byte);
      return btoa(text);
    }, url);
    await page.close();
    const pixels = Buffer.from(base64, 'base64');
    expect(pixels).toHaveLength(WIDTH * HEIGHT * 4);
    return (x, y) => pixels.toString('hex', (y * WIDTH + x) * 4, (y * WIDTH + x) * 4 + 3);
  }

  /** Rows right of the bar in which anything is drawn. */
  const inkedRows = (pixel: (x: number, y: number) => string): number[] =>
    Array.from({ length: HEIGHT }, (_, y) => y).filter((y) =>
      Array.from({ length: WIDTH - 40 }, (_, x) => x + 40).some((x) => pixel(x, y) !== PAPER),
    );

  it('shows each letter as the file of letters has it, from every place in a byte', async () => {
    const { large } = JSON.parse(
      readFileSync('scripts/site/glyphs.generated.json', 'utf8'),
    ) as Record<string, Glyphs>;
    const { height, characters, widths, pixels } = large as Glyphs;
    const levels = inflateSync(Buffer.from(pixels, 'base64'));
    const starts = widths.map((_, index) =>
      widths.slice(0, index).reduce((sum, width) => sum + width * height, 0),
    );
    const title = 'Tides, ports';
    const pixel = await decode({ ...PREVIEW, title });
    const halves = new Set<number>();
    let left = LEFT;
    for (const letter of title) {
      const index = [...characters].indexOf(letter);
      const width = widths[index] as number;
      halves.add(left % 2);
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const level = levels[(starts[index] as number) + y * width + x] as number;
          const shade = pixel(left + x, TITLE_TOP + y);
          expect(shade === PAPER, `${letter} ${x},${y}`).toBe(level === 0);
          if (level === 3) expect(shade).toBe('15212a');
        }
      }
      left += width;
    }
    expect([...halves].sort()).toEqual([0, 1]);
  });

  it('has its bar from top to bottom, and paper between the lines', async () => {
    const pixel = await decode(PREVIEW);
    for (let y = 0; y < HEIGHT; y++) {
      expect([pixel(0, y), pixel(31, y), pixel(32, y)]).toEqual([ACCENT, ACCENT, PAPER]);
    }
    const rows = inkedRows(pixel);
    expect(rows.some((y) => y >= TITLE_TOP && y < TITLE_TOP + 84)).toBe(true);
    expect(rows.filter((y) => y > 300 && y < FOOTER_TOP)).toEqual([]);
    expect(rows.filter((y) => y >= FOOTER_TOP + 42)).toEqual([]);
  });

  it('cuts a text that would run into the line at the foot', async () => {
    const long = 'gauges of every harbour with pilots and quays '.repeat(20);
    const pixel = await decode({ ...PREVIEW, title: long.slice(0, 60), text: long });
    const rows = inkedRows(pixel);
    expect(rows.filter((y) => y >= FOOTER_TOP - 6 && y < FOOTER_TOP)).toEqual([]);
    expect(rows.filter((y) => y > 440 && y < FOOTER_TOP).length).toBeGreaterThan(20);
    for (let y = FOOTER_TOP; y < HEIGHT; y++) {
      for (let x = 40; x < WIDTH; x++) expect(pixel(x, y)).not.toBe('15212a');
    }
  });
});
