import { type FSWatcher, watch } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

/** Long enough for the two files of a change, or for all that `git pull` writes, to be there. */
const PAUSE_MS = 150;

/**
 * Calls `onChange` after any of the files was written, replaced, made or removed. Folders are
 * watched, not files: an atomic write puts another file in the place of the one that was there.
 */
export async function watchFiles(
  files: readonly string[],
  onChange: () => void,
  onError: (error: unknown) => void,
): Promise<() => void> {
  const real = await Promise.all(files.map((file) => realpath(file).catch(() => file)));
  const wanted = new Map<string, Set<string>>();
  for (const file of [...files, ...real]) {
    const names = wanted.get(dirname(file)) ?? new Set();
    wanted.set(dirname(file), names.add(basename(file)));
  }
  let timer: NodeJS.Timeout | undefined;
  const watchers = [...wanted].flatMap(([folder, names]): FSWatcher[] => {
    try {
      const watcher = watch(folder, { persistent: false }, (_, name) => {
        if (name !== null && !names.has(name)) return;
        clearTimeout(timer);
        timer = setTimeout(onChange, PAUSE_MS);
      });
      watcher.on('error', onError);
      return [watcher];
    } catch (error) {
      onError(error);
      return [];
    }
  });
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}
