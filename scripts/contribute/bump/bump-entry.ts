import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { permissionDiff } from '../../../core/entry/permission-diff.ts';
import { renderDiff } from '../../../core/entry/render-diff.ts';
import { validatorOf } from '../../../core/entry/schema.ts';
import { toolDiff } from '../../../core/entry/tool-diff.ts';
import type { ServerEntry } from '../../../core/entry/types.generated.ts';
import { PortolanError } from '../../../core/errors.ts';
import { writeFileAtomic } from '../../../core/files.ts';
import { formatEntry } from '../../registry/format-entry.ts';
import { capture } from '../capture/capture.ts';
import { offerChanges } from '../capture/offer.ts';
import type { EntryFiles } from '../entry-files.ts';
import { lockfileChanges, makeLockfile } from '../lockfile.ts';
import { prettyJson } from '../pretty-json.ts';
import { newestRelease, type Release } from './newest-release.ts';

/** What a bump did, for the person who reviews it. */
export interface Bumped {
  readonly name: string;
  /** Version of the entry before and after. */
  readonly from: string;
  readonly to: string;
  /** Upstream release, e.g. `4.1.0 -> 4.1.1`. */
  readonly release: string;
  /** What the entry asks for that it did not before (`+`), and the other way round (`-`). */
  readonly permissions: readonly string[];
  /** Tools, prompts and resources that came, went or changed, one line each. */
  readonly tools: readonly string[];
  /** Packages of the lockfile that changed. */
  readonly packages: readonly string[];
  readonly notes: readonly string[];
}

export interface BumpOptions {
  /** Report only. */
  readonly dryRun?: boolean;
  /** Milliseconds for one run of the server. */
  readonly timeout?: number;
  readonly findRelease?: (entry: ServerEntry) => Promise<Release | undefined>;
}

/**
 * Moves an entry to the newest release of its server: pins, lockfile, tools and the entry's own
 * version. Everything is made in a temporary folder first, so that a release that does not start
 * changes nothing. undefined when there is nothing newer.
 */
export async function bumpEntry(
  files: EntryFiles,
  options: BumpOptions = {},
): Promise<Bumped | undefined> {
  const { name, entry, tools: before } = files;
  if (entry.status?.state === 'withdrawn') return undefined;
  const release = await (options.findRelease ?? newestRelease)(entry);
  if (!release) return undefined;

  const document = files.document.clone();
  for (const [path, value] of release.changes) {
    if (value === undefined) document.deleteIn(path);
    else document.setIn(path, value);
  }
  const staging = await mkdtemp(join(tmpdir(), 'portolan-bump-'));
  try {
    const next = asEntry(document.toJS(), name);
    const lock = next.npm && (await makeLockfile(next));
    if (lock) await writeFile(join(staging, 'package-lock.json'), lock);
    const captured =
      next.tools === 'static' ? await capture(next, staging, timeoutOf(options)) : undefined;
    const changes = captured ? offerChanges(before, captured.tools) : [];
    const permissions = permissionDiff(entry, next);
    const lost = captured && toolDiff(before?.tools ?? [], captured.tools.tools).removed;
    const to = nextVersion(entry.version, Boolean(lost?.length || permissions.more.length));
    document.setIn(['version'], to);
    if (!options.dryRun) {
      await writeAll(files.folder, {
        'package-lock.json': lock,
        'tools.json': captured && prettyJson(captured.tools),
        'server.yaml': formatEntry(`${name}/server.yaml`, document.toString({ lineWidth: 0 })),
      });
    }
    return {
      name,
      from: entry.version,
      to,
      release: release.label,
      permissions: renderDiff(permissions, toolDiff([], [])),
      tools: changes.filter((line) => !/^! (capturedFrom|serverInfo)$/.test(line)),
      packages: lock ? lockfileChanges(files.lock, lock) : [],
      notes: [...release.notes, ...(captured?.notes ?? [])],
    };
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** Minor for a new release; major when it asks for more, or a tool that someone may call is gone. */
function nextVersion(version: string, breaks: boolean): string {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return breaks ? `${major + 1}.0.0` : `${major}.${minor + 1}.0`;
}

function asEntry(value: unknown, name: string): ServerEntry {
  const validate = validatorOf('server');
  if (validate(value)) return value;
  const [first] = validate.errors ?? [];
  throw new PortolanError(
    'malformed',
    'ENTRY_MALFORMED',
    `${name}: the newest release does not fit the schema: ${first?.instancePath} ${first?.message}; change the entry by hand`,
  );
}

/** server.yaml comes last: it is what makes the other files belong together. */
async function writeAll(
  folder: string,
  files: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  for (const [file, text] of Object.entries(files)) {
    if (text !== undefined) await writeFileAtomic(join(folder, file), text);
  }
}

function timeoutOf({ timeout }: BumpOptions): { timeout?: number } {
  return timeout === undefined ? {} : { timeout };
}
