import { PortolanError } from '../../../core/errors.ts';
import { serversOf } from '../../profile/read-profile.ts';
import { applyUpdates, planUpdates, type ServerUpdate } from '../../profile/update-profile.ts';
import type { ConsoleContext } from '../context.ts';
import { existingProfile, profileInUse } from '../profile-in-use.ts';
import { type ApiRequest, get, post, textsIn } from '../route.ts';
import { toolOf } from './catalog.ts';

export const updateRoutes = [
  get('/api/profiles/:profile/updates', list),
  post('/api/profiles/:profile/updates', accept),
];

export type UpdateList = Awaited<ReturnType<typeof list>>;
export type UpdateView = ReturnType<typeof viewOf>;

/** What could be moved on. Changes nothing. */
async function list({ params }: ApiRequest, context: ConsoleContext) {
  const { loaded } = await profileInUse(context, params.profile);
  const problems: { server: string; message: string }[] = [];
  if (!loaded || serversOf(loaded.profile).length === 0) {
    return { servers: 0, updates: [], problems };
  }
  const updates = await planUpdates(loaded, await context.catalogs(), [], (server, error) =>
    problems.push({ server, message: error.message }),
  );
  return { servers: serversOf(loaded.profile).length, updates: updates.map(viewOf), problems };
}

/**
 * Locks the updates that the person saw, by the digests that were shown: what has changed since is
 * not what was agreed to. One that widens needs its own consent.
 */
async function accept({ params, body }: ApiRequest, context: ConsoleContext): Promise<void> {
  const loaded = await existingProfile(context, params.profile);
  const seen = new Set(textsIn(body, 'digests'));
  const agreed = new Set(textsIn(body, 'agreed'));
  const planned = await planUpdates(loaded, await context.catalogs(), [], () => {});
  const chosen = planned.filter(({ to }) => seen.has(to.digest));
  if (chosen.length < seen.size) {
    throw new PortolanError(
      'usage',
      'UPDATE_CHANGED',
      'an update is not the one that was shown any more; look at it again',
    );
  }
  const widening = chosen.find(({ widens, to }) => widens && !agreed.has(to.digest));
  if (widening) {
    throw new PortolanError(
      'forbidden',
      'CONSENT_MISSING',
      `${widening.server} may do more after this update; tick that you agree`,
    );
  }
  await applyUpdates(loaded, context.paths, chosen);
  context.changed('profiles', 'secrets');
}

function viewOf({ server, from, to, permissions, tools, notes, widens }: ServerUpdate) {
  return {
    server,
    from: from?.version,
    to: to.version,
    digest: to.digest,
    widens,
    notes,
    more: permissions.more.map(({ text }) => text),
    less: permissions.less.map(({ text }) => text),
    toolsAdded: tools.added.map(toolOf),
    toolsRemoved: tools.removed.map(({ name }) => name),
    toolsChanged: tools.changed.map(({ name, parts, before, after }) => ({
      name,
      parts,
      before: String(before.description ?? ''),
      after: String(after.description ?? ''),
    })),
  };
}
