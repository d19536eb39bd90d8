import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { PortolanError } from '../../core/errors.ts';
import { toLine } from '../registry/format-findings.ts';
import { loadRegistry } from '../registry/load.ts';
import { checkRegistry } from '../rules/run.ts';
import type { FileChange } from './open-pull-request.ts';

/** Puts the files over a copy of the registry and gives every finding about them, as lines. */
export async function validateProposal(
  registry: string,
  files: readonly FileChange[],
): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'portolan-proposal-'));
  try {
    const copy = join(folder, 'registry');
    await cp(registry, copy, { recursive: true });
    for (const { path, content } of files) {
      const name = basename(dirname(path));
      const file = join(copy, 'servers', name, basename(path));
      if (`registry/servers/${name}/${basename(path)}` !== path) {
        throw new PortolanError('malformed', 'NIGHTLY_MALFORMED', `${path} is no file of an entry`);
      }
      await writeFile(file, content);
    }
    const changed = new Set(files.map(({ path }) => dirname(path)));
    const findings = await checkRegistry(await loadRegistry(copy));
    return findings.filter(({ file }) => changed.has(dirname(file))).map(toLine);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
