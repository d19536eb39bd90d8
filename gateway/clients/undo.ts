import { PortolanError } from '../../core/errors.ts';
import { dropBackup } from './backups.ts';
import { changeConfig, hashOf } from './config-file.ts';
import {
  backupFolder,
  backupsOf,
  type ChangeOptions,
  contentOf,
  diffOf,
  lockFolder,
  type Outcome,
  remembering,
  type Target,
} from './target.ts';

/**
 * Takes back the last change of a client's file. Throws `usage` / `NOTHING_TO_UNDO` and `forbidden` /
 * `CLIENT_FILE_CHANGED` when something else has changed the file since, unless forced.
 */
export async function undoClient(target: Target, options: ChangeOptions = {}): Promise<Outcome> {
  const [last] = await backupsOf(target);
  if (!last) {
    throw new PortolanError(
      'usage',
      'NOTHING_TO_UNDO',
      `Portolan has not changed ${target.path}, or that was undone`,
    );
  }
  const { outcome } = await changeConfig(target.path, lockFolder(target), (found) => {
    const expected = hashOf(found.bytes) === last.after;
    if (!expected && !options.force) {
      throw new PortolanError(
        'forbidden',
        'CLIENT_FILE_CHANGED',
        `${target.path} was changed by something else since ${last.time}; that would be lost. Use \`portolan client disconnect ${target.client.id}\`, or --force`,
      );
    }
    const bytes = contentOf(last);
    const restored: Outcome = { path: target.path, done: 'restored' };
    if (options.dryRun) {
      return { outcome: { ...restored, diff: diffOf(target, found.bytes, bytes) } };
    }
    const remember = async () =>
      expected
        ? async () => {}
        : // What is overwritten by force can be brought back, too.
          remembering(target, last.name, 'restored', found, bytes, options);
    return {
      outcome: restored,
      change: { bytes, remember, ...(last.before ? { mode: last.before.mode } : {}) },
    };
  });
  if (!options.dryRun) await dropBackup(backupFolder(target), last);
  return outcome;
}
