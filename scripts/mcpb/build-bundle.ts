import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { packExtension } from '@anthropic-ai/mcpb';
import { PortolanError } from '../../core/errors.ts';
import { buildRunner } from '../runner/build-runner.ts';
import { ENTRY_POINT, manifestOf } from './manifest.ts';

const SNAPSHOT = 'dist/snapshot.tar.br';

/**
 * Builds the bundle with a runner of its own, so that no parts of other builds come with it. The
 * format's own tool checks the manifest and packs. Throws `malformed` / `BUNDLE_REFUSED` when that
 * refuses it.
 */
export async function buildBundle(
  out: string,
  registry: string,
): Promise<{ readonly files: number; readonly bytes: number }> {
  const stage = await mkdtemp(join(tmpdir(), 'portolan-mcpb-'));
  try {
    await buildRunner(join(stage, 'dist'), registry);
    // `portolan run` never serves it.
    await rm(join(stage, 'dist', 'console'), { recursive: true });
    if (await stat(SNAPSHOT).catch(() => undefined)) await cp(SNAPSHOT, join(stage, SNAPSHOT));
    await cp(join(import.meta.dirname, ENTRY_POINT), join(stage, ENTRY_POINT));
    await cp('docs/images/icon.png', join(stage, 'icon.png'));
    await cp('LICENSE', join(stage, 'LICENSE'));
    const manifest = manifestOf(JSON.parse(await readFile('package.json', 'utf8')));
    await writeFile(join(stage, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    const packed = await packExtension({
      extensionPath: stage,
      outputPath: resolve(out),
      silent: true,
    });
    if (!packed) {
      throw new PortolanError(
        'malformed',
        'BUNDLE_REFUSED',
        'the bundle was refused by @anthropic-ai/mcpb; its message is above',
      );
    }
    const all = await readdir(stage, { recursive: true, withFileTypes: true });
    return { files: all.filter((item) => item.isFile()).length, bytes: (await stat(out)).size };
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}
