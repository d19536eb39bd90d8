import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, PortolanError } from '../../core/errors.ts';
import { version } from '../cli/version.ts';

/** A file of the page, as it is sent. */
export interface PageFile {
  readonly type: string;
  readonly text: string;
}

const FILES = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/console.js': ['console.js', 'text/javascript; charset=utf-8'],
  '/console.css': ['console.css', 'text/css; charset=utf-8'],
  '/icon.svg': ['icon.svg', 'image/svg+xml'],
} as const;

/**
 * The files of the page, read once at the start: no path of a request ever reaches the disk.
 * Throws `unreachable` / `CONSOLE_MISSING` where the build left them out.
 */
export async function readPageFiles(folder = pageFolder()): Promise<ReadonlyMap<string, PageFile>> {
  const entries = Object.entries(FILES).map(async ([path, [name, type]]) => {
    const file = join(folder, name);
    try {
      return [path, { type, text: await readFile(file, 'utf8') }] as const;
    } catch (error) {
      throw new PortolanError(
        'unreachable',
        'CONSOLE_MISSING',
        `the page of the console cannot be read (${messageOf(error)}); run \`npm run build\`, or install Portolan again`,
        { cause: error },
      );
    }
  });
  return new Map(await Promise.all(entries));
}

/** Beside the parts of the built runner, or in dist/ when this runs from source. */
function pageFolder(): string {
  return version.endsWith('-source')
    ? join(import.meta.dirname, '../../dist/console')
    : join(import.meta.dirname, '../console');
}
