import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, PortolanError } from '../../core/errors.ts';
import type { Bumped } from '../contribute/bump/bump-entry.ts';
import type { HealthFinding } from '../contribute/health/health.ts';
import { listEntryFolders, readEntryFolder } from '../registry/read-folder.ts';
import type { FileChange } from './open-pull-request.ts';

/** What the job without write access found, in nightly.json. */
export interface NightlyResults {
  readonly formatVersion: 1;
  readonly health: readonly HealthFinding[];
  readonly bumped: readonly Bumped[];
  readonly failed: readonly string[];
}

const KINDS = ['endpoint', 'certificate', 'sign-in', 'license', 'package', 'tombstone'];
const NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const GENERATED = ['server.yaml', 'tools.json', 'package-lock.json'];

/**
 * Reads nightly.json. The job that wrote it ran strangers' servers; should one have broken out, it
 * still cannot do more than say wrong things in the right shape.
 *
 * Throws `malformed` / `NIGHTLY_MALFORMED`.
 */
export async function readNightlyResults(folder: string): Promise<NightlyResults> {
  const file = join(folder, 'nightly.json');
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw malformed(`${file}: ${messageOf(error)}`, error);
  }
  if (
    isRecord(value) &&
    value.formatVersion === 1 &&
    isListOf(value.health, isHealthFinding) &&
    isListOf(value.bumped, isBumped) &&
    isTexts(value.failed)
  ) {
    return value as unknown as NightlyResults;
  }
  throw malformed(`${file} does not have its shape`);
}

/** The changed files of the bumped entries: only generated ones and server.yaml, by exact name. */
export function readChangedFiles(folder: string, names: readonly string[]): FileChange[] {
  const listed = listEntryFolders(join(folder, 'servers'), 'servers');
  const found = new Set(listed.names);
  return names.flatMap((name) => {
    if (!found.has(name)) throw malformed(`${folder}/servers has no ${name}`);
    const { files, findings } = readEntryFolder(join(folder, 'servers', name), name);
    const [first] = findings;
    if (first) throw malformed(`${first.file}: ${first.fact}`);
    return GENERATED.flatMap((file) => {
      const bytes = files.get(file);
      if (!bytes) return [];
      return [{ path: `registry/servers/${name}/${file}`, content: bytes.toString('utf8') }];
    });
  });
}

function isHealthFinding(value: unknown): boolean {
  return (
    isRecord(value) &&
    isName(value.name) &&
    KINDS.includes(String(value.kind)) &&
    isText(value.fact)
  );
}

function isBumped(value: unknown): boolean {
  return (
    isRecord(value) &&
    isName(value.name) &&
    [value.from, value.to, value.release].every(isText) &&
    [value.permissions, value.tools, value.packages, value.notes].every(isTexts)
  );
}

function isListOf(value: unknown, is: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length <= 10_000 && value.every(is);
}

function isTexts(value: unknown): boolean {
  return isListOf(value, isText);
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.length <= 5_000;
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value.length <= 64 && NAME.test(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function malformed(fact: string, cause?: unknown): PortolanError {
  return new PortolanError(
    'malformed',
    'NIGHTLY_MALFORMED',
    `${fact}; it was not made by \`npm run nightly\`, so nothing is proposed`,
    { cause },
  );
}
