import type { PortolanError } from '../../../core/errors.ts';
import { portolanPaths } from '../../paths.ts';
import { requireFrozen } from '../../profile/check-lock.ts';
import { type LoadedProfile, readProfile } from '../../profile/read-profile.ts';
import { applyUpdates, planUpdates, type ServerUpdate } from '../../profile/update-profile.ts';
import { catalogsOfProfile } from '../catalog-access.ts';
import { canAsk, confirmed, consentNeeded, describeChange } from '../consent.ts';
import { note, print } from '../print.ts';
import { chosenPlace } from '../profile-options.ts';
import type { UpdateOptions } from './profile.ts';

export async function updateServers(
  servers: readonly string[],
  options: UpdateOptions,
): Promise<void> {
  const paths = portolanPaths();
  const loaded = await readProfile(await chosenPlace(options, paths), paths);
  if (options.frozen) {
    requireFrozen(loaded);
    print(options.json, { frozen: true, updates: [] }, () => 'The profile and its lock agree.');
    return;
  }
  const catalogs = await catalogsOfProfile(loaded, options, paths, note);
  const named = servers.length > 0;
  const updates = await planUpdates(loaded, catalogs, servers, named ? undefined : report);
  if (!options.json) show(updates, loaded);
  const accepted = options.dryRun ? [] : await agreedTo(updates, options);
  if (!options.dryRun) await applyUpdates(loaded, paths, accepted);
  const result = updates.map((update) => ({ ...update, applied: accepted.includes(update) }));
  print(options.json, result, () => {
    if (options.dryRun) return '';
    if (updates.length === 0) return 'Everything is as new as the profile allows.';
    const skipped = updates.filter((update) => !accepted.includes(update));
    return [
      ...(accepted.length > 0
        ? [`Locked ${accepted.map(({ server, to }) => `${server} ${to.version}`).join(', ')}.`]
        : []),
      ...(skipped.length > 0
        ? [`Left as before: ${skipped.map(({ server }) => server).join(', ')}.`]
        : []),
    ].join('\n');
  });
}

/** A server that cannot be had is told, and does not stop the others. */
function report(server: string, error: PortolanError): void {
  note(`${server} stays as it is: ${error.message}`);
  process.exitCode = 1;
}

function show(updates: readonly ServerUpdate[], { place }: LoadedProfile): void {
  for (const update of updates) {
    const { from, to, pin } = update;
    const change = from ? `${from.version} -> ${to.version}` : `${to.version}, not locked before`;
    const step = `${change}${pin === undefined ? '' : ` (${pin === 'latest' ? 'follows new versions' : 'kept'} from now on)`}`;
    process.stdout.write(`${describeChange(update, step)}\n`);
  }
  if (updates.length > 0) process.stdout.write(`(profile ${place.name})\n`);
}

/** Asks before anything widens. Throws `forbidden` / `CONSENT_NEEDED` when nobody can be asked. */
async function agreedTo(
  updates: readonly ServerUpdate[],
  options: UpdateOptions,
): Promise<readonly ServerUpdate[]> {
  const wider = updates.filter(({ widens }) => widens);
  if (options.yes || wider.length === 0) return updates;
  if (!canAsk(options)) {
    throw consentNeeded(
      `${wider.map(({ server }) => server).join(', ')} would be allowed or offer more than before`,
      '`portolan update --dry-run`',
    );
  }
  const accepted: ServerUpdate[] = [];
  for (const update of updates) {
    const isAgreed =
      !update.widens || (await confirmed(`Let ${update.server} do what is marked with + and !?`));
    if (isAgreed) accepted.push(update);
  }
  return accepted;
}
