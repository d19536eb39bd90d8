import { PortolanError } from '../../../core/errors.ts';
import { portolanPaths } from '../../paths.ts';
import { notInProfile } from '../../profile/not-in-profile.ts';
import { pinnedServer } from '../../profile/pinned-server.ts';
import { profileContext } from '../../profile/profile-selection.ts';
import { namesIn, readProfile, serverIn } from '../../profile/read-profile.ts';
import { parseIsolations } from '../../profile/set-isolation.ts';
import {
  changeSettings,
  parametersFor,
  type SettingsChange,
} from '../../profile/set-parameters.ts';
import { parseReferences } from '../../profile/set-references.ts';
import { parseAssignments } from '../../profile/settings.ts';
import { declaredSecret } from '../../vault/scope.ts';
import { catalogsOfProfile } from '../catalog-access.ts';
import { note, print } from '../print.ts';
import { chosenPlace } from '../profile-options.ts';
import type { SetOptions } from './profile.ts';

export async function setParameters(
  assignments: readonly string[],
  options: SetOptions,
): Promise<void> {
  const settings = parseAssignments(assignments);
  const references = parseReferences(options.reference ?? []);
  const removals = (options.unset ?? []).map(parseRemoval);
  const isolations = parseIsolations(options.isolation ?? []);
  const looked = [
    ...settings.keys(),
    ...references.keys(),
    ...removals.map(({ server }) => server),
  ];
  const names = new Set([...looked, ...isolations.keys()]);
  if (names.size === 0) {
    throw new PortolanError(
      'usage',
      'SETTING_MALFORMED',
      'say what to set, as SERVER.PARAMETER=VALUE, --unset SERVER.PARAMETER, --reference SERVER.SECRET=URI or --isolation SERVER=MODE',
    );
  }
  const paths = portolanPaths();
  const place = await chosenPlace(options, paths);
  const loaded = await readProfile(place, paths);
  for (const name of names) {
    if (!serverIn(loaded.profile, name)) throw notInProfile(name, place, namesIn(loaded.profile));
  }
  // Everything is checked before the first of it is written. A box alone is no matter of catalogs.
  const catalogs =
    looked.length > 0 ? await catalogsOfProfile(loaded, options, paths, note) : undefined;
  const changes = new Map<string, SettingsChange>();
  for (const name of names) {
    const texts = settings.get(name);
    const own = references.get(name);
    if (own && catalogs) {
      const { entry } = await pinnedServer(catalogs, name, profileContext(loaded));
      for (const secret of own.keys()) declaredSecret(entry, secret);
    }
    changes.set(name, {
      ...(texts && catalogs && { parameters: await parametersFor(loaded, catalogs, name, texts) }),
      ...(own && { references: Object.fromEntries(own) }),
      gone: removals.filter(({ server }) => server === name).map((one) => one.parameter),
      isolation: isolations.get(name),
    });
  }
  const parameters: Record<string, unknown> = {};
  for (const [name, change] of changes) {
    parameters[name] = (await changeSettings(place, paths, name, change)).parameters ?? {};
  }
  const report = {
    parameters,
    references: Object.fromEntries(
      [...references].map(([name, own]) => [name, Object.fromEntries(own)]),
    ),
    isolation: Object.fromEntries(isolations),
  };
  print(options.json, report, () =>
    [
      ...assignments.map((text) => `${text.split('=', 1)[0]} is set`),
      ...[...references].flatMap(([server, own]) =>
        [...own.keys()].map((name) => `${server}.${name} comes from a password manager`),
      ),
      ...removals.map(({ server, parameter }) => `${server}.${parameter} is removed`),
      ...[...isolations].map(([server, mode]) =>
        mode === 'auto'
          ? `${server} runs in the best box that a machine has`
          : `${server} runs with ${mode} only`,
      ),
    ].join('\n'),
  );
}

function parseRemoval(text: string): { readonly server: string; readonly parameter: string } {
  const [server = '', parameter = '', ...rest] = text.split('.');
  if (server && parameter && rest.length === 0) return { server, parameter };
  throw new PortolanError(
    'usage',
    'SETTING_MALFORMED',
    `--unset ${text} is not SERVER.PARAMETER, e.g. --unset github.host`,
  );
}
