import type { ProfileServer } from '../../core/entry/types.generated.ts';
import { PortolanError } from '../../core/errors.ts';

/** What a profile may say; `auto` says nothing, and leaves it to the machine. */
export type IsolationSetting = NonNullable<ProfileServer['isolation']> | 'auto';

/** A mode from the command line. Throws `usage` / `SETTING_INVALID`. */
export function isolationSetting(mode: string): IsolationSetting {
  if (mode === 'container' || mode === 'bubblewrap' || mode === 'auto') return mode;
  throw new PortolanError(
    'usage',
    'SETTING_INVALID',
    `--isolation ${mode}: a profile may say container, bubblewrap or auto${mode === 'none' ? '; it cannot turn isolation off' : ''}`,
  );
}

/** Sorts `SERVER=MODE` texts. Throws `usage` with `SETTING_MALFORMED` or `SETTING_INVALID`. */
export function parseIsolations(texts: readonly string[]): ReadonlyMap<string, IsolationSetting> {
  return new Map(
    texts.map((text) => {
      const [server = '', mode = '', ...rest] = text.split('=');
      if (server && mode && rest.length === 0) return [server, isolationSetting(mode)] as const;
      throw new PortolanError(
        'usage',
        'SETTING_MALFORMED',
        `--isolation ${text} is not SERVER=MODE, e.g. --isolation github=container`,
      );
    }),
  );
}
