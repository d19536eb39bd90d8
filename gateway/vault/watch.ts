import { type FSWatcher, watch } from 'node:fs';
import { parseAddressKey, type SecretAddress } from './address.ts';

export interface WatchOptions {
  readonly folder: string;
  /** Revisions by address key, read anew. */
  readonly revisions: () => Promise<ReadonlyMap<string, string>>;
  readonly onChange: (changed: readonly SecretAddress[]) => void;
  /** Told when the files cannot be read; the watch goes on. */
  readonly onError?: (error: unknown) => void;
}

export interface SecretWatch {
  /** Looks at once; for writes of this process and for file systems without notifications. */
  look(): Promise<void>;
  close(): void;
  /** Resolves when the first state is known: changes after that are reported. */
  readonly ready: Promise<void>;
}

/** Reports the addresses whose secrets were set, replaced or removed, by whichever process. */
export function watchSecrets(options: WatchOptions): SecretWatch {
  let known: ReadonlyMap<string, string> | undefined;
  let closed = false;
  let queue: Promise<void> = Promise.resolve();

  const look = () => {
    queue = queue.then(async () => {
      if (closed) return;
      try {
        const now = await options.revisions();
        const before = known;
        known = now;
        if (!before || closed) return;
        const changed = [...new Set([...before.keys(), ...now.keys()])]
          .filter((key) => before.get(key) !== now.get(key))
          .flatMap((key) => parseAddressKey(key) ?? []);
        if (changed.length > 0) options.onChange(changed);
      } catch (error) {
        options.onError?.(error);
      }
    });
    return queue;
  };
  let timer: NodeJS.Timeout | undefined;
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(options.folder, { persistent: false }, () => {
      clearTimeout(timer);
      timer = setTimeout(look, 50);
    });
    watcher.on('error', (error) => options.onError?.(error));
  } catch (error) {
    options.onError?.(error);
  }
  return {
    look,
    ready: look(),
    close: () => {
      closed = true;
      clearTimeout(timer);
      watcher?.close();
    },
  };
}
