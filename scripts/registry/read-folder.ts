import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasErrno } from '../../core/errors.ts';
import type { Finding } from './finding.ts';
import { findingAt, placeOf } from './source-file.ts';

/** The files that the folder of an entry may hold, with the most bytes that each may have. */
export const ENTRY_FILES: Readonly<Record<string, number>> = {
  'server.yaml': 64 * 1024,
  'tools.json': 2 * 1024 * 1024,
  'readme.md': 256 * 1024,
  'icon.svg': 32 * 1024,
  'package-lock.json': 4 * 1024 * 1024,
};

const START = { line: 1, column: 1 };

/**
 * Reads the files of one entry's folder. Nothing outside of the folder is ever read: symbolic
 * links are refused, since a pull request could point one at a file of the machine that builds.
 */
export function readEntryFolder(
  folder: string,
  path: string,
): { files: ReadonlyMap<string, Buffer>; findings: Finding[] } {
  const files = new Map<string, Buffer>();
  const findings: Finding[] = [];
  const refuse = (file: string, fact: string, remedy: string) =>
    findings.push(findingAt(file, START, { rule: 'files', fact, remedy }));

  for (const name of readdirSync(folder).sort()) {
    const file = `${path}/${name}`;
    const limit = Object.hasOwn(ENTRY_FILES, name) ? ENTRY_FILES[name] : undefined;
    const stat = lstatSync(join(folder, name));
    if (limit === undefined) {
      refuse(
        file,
        'this file does not belong to an entry',
        `remove it; an entry has ${Object.keys(ENTRY_FILES).join(', ')}`,
      );
    } else if (stat.isSymbolicLink()) {
      refuse(file, 'this is a symbolic link', 'put the file itself here');
    } else if (!stat.isFile()) {
      refuse(file, 'this is not a file', 'put a file here, or remove it');
    } else if (stat.size > limit) {
      refuse(file, `the file has ${stat.size} bytes`, `keep it within ${limit} bytes`);
    } else {
      files.set(name, readFileSync(join(folder, name)));
    }
  }
  return { files, findings };
}

/** Names of the entries' folders, sorted, and findings about what is no folder. */
export function listEntryFolders(
  servers: string,
  path: string,
): { names: string[]; findings: Finding[] } {
  const names: string[] = [];
  const findings: Finding[] = [];
  for (const item of listFolder(servers)) {
    if (item.isDirectory()) {
      names.push(item.name);
    } else {
      const fact = item.isSymbolicLink() ? 'this is a symbolic link' : 'this is not a folder';
      findings.push(
        findingAt(`${path}/${item.name}`, START, {
          rule: 'files',
          fact,
          remedy: 'move it; each entry is a folder of its own here',
        }),
      );
    }
  }
  return { names: names.sort(), findings };
}

function listFolder(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    // Git does not keep empty folders: a fork that starts without entries has none.
    if (hasErrno(error, 'ENOENT')) return [];
    throw error;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes as text: UTF-8 without a byte order mark, lines ended by LF. Everything else is a finding. */
export function decodeText(
  path: string,
  bytes: Uint8Array,
): { text: string | undefined; findings: Finding[] } {
  const refuse = (place: { line: number; column: number }, fact: string, remedy: string) => [
    findingAt(path, place, { rule: 'files', fact, remedy }),
  ];
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    const lenient = new TextDecoder('utf-8').decode(bytes);
    const place = placeOf(lenient, Math.max(lenient.indexOf('\ufffd'), 0));
    return {
      text: undefined,
      findings: refuse(place, 'the file is not UTF-8', 'save it as UTF-8'),
    };
  }
  if (text.startsWith('\ufeff')) {
    return {
      text: text.slice(1),
      findings: refuse(START, 'the file starts with a byte order mark', 'save it without one'),
    };
  }
  const carriageReturn = text.indexOf('\r');
  if (carriageReturn >= 0) {
    return {
      text,
      findings: refuse(
        placeOf(text, carriageReturn),
        'a line ends with CR LF',
        'end lines with LF; npm run format does it',
      ),
    };
  }
  return { text, findings: [] };
}
