/**
 * `node scripts/site/make-glyphs.ts`: draws the letters of the preview images with Chromium into
 * glyphs.generated.json, so that a build needs neither a browser nor fonts. Run it when a letter is
 * missing. The font is DejaVu Sans (package fonts-dejavu; its license, that of Bitstream Vera, allows this).
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { launchChromium } from '../chromium.ts';
import type { Glyphs } from './preview.ts';

const CHARACTERS = [
  ...Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)),
  ...Array.from({ length: 96 }, (_, index) => String.fromCharCode(160 + index)),
  ...'ŁłŚśŹźŻżĆćĘęĄąŃńŐőŰűŘřŠšŽžČčĎďĚěŇňŤťŮůİıŞşĞğ‘’“”–—…•→',
].join('');

const browser = await launchChromium();
const page = await browser.newPage();

/** One size of the font: width of each character, and its pixels in four levels. */
async function draw(size: number, weight: string): Promise<Glyphs> {
  const { widths, levels, height } = await page.evaluate(
    ({ size, weight, characters }) => {
      const height = Math.ceil(size * 1.3);
      const canvas = new OffscreenCanvas(size * 2, height);
      const context = canvas.getContext('2d', { willReadFrequently: true });
      if (!context) throw new Error('no canvas');
      const widths: number[] = [];
      const levels: number[] = [];
      for (const character of characters) {
        context.clearRect(0, 0, canvas.width, height);
        context.font = `${weight} ${size}px "DejaVu Sans"`;
        const width = Math.round(context.measureText(character).width);
        context.fillText(character, 0, size);
        widths.push(width);
        if (width === 0) continue;
        const { data } = context.getImageData(0, 0, width, height);
        for (let at = 3; at < data.length; at += 4)
          levels.push(Math.round((data[at] as number) / 85));
      }
      return { widths, levels, height };
    },
    { size, weight, characters: CHARACTERS },
  );
  const pixels = deflateSync(Uint8Array.from(levels), { level: 9 }).toString('base64');
  return { height, characters: CHARACTERS, widths, pixels };
}

const glyphs = { large: await draw(64, 'bold'), small: await draw(32, 'normal') };
await browser.close();
await writeFile(join(import.meta.dirname, 'glyphs.generated.json'), JSON.stringify(glyphs));
