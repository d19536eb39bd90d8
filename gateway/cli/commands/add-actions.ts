import { PortolanError } from '../../../core/errors.ts';
import { counted } from '../../../core/text.ts';
import { portolanPaths } from '../../paths.ts';
import { loadPolicies } from '../../policy/load-policy.ts';
import { type Addition, planAddition } from '../../profile/add-server.ts';
import { setServer } from '../../profile/change-profile.ts';
import { notInProfile } from '../../profile/not-in-profile.ts';
import type { ProfilePlace } from '../../profile/place.ts';
import { NO_PROFILE } from '../../profile/profile-context.ts';
import { profileContext } from '../../profile/profile-selection.ts';
import { namesIn, readProfile, readProfileIfAny, serverIn } from '../../profile/read-profile.ts';
import { isolationSetting } from '../../profile/set-isolation.ts';
import { parseAssignments } from '../../profile/settings.ts';
import { switchKnownTools } from '../../profile/switch-known-tools.ts';
import { toolRefusal } from '../../profile/tool-switch.ts';
import { catalogsOfProfile } from '../catalog-access.ts';
import { describeAddition, profileArgument } from '../describe-addition.ts';
import { openUserVault } from '../open-vault.ts';
import { note, print } from '../print.ts';
import { chosenPlace, type ProfileOptions } from '../profile-options.ts';
import type { AddServerOptions, JsonOption, ToolSwitchOptions } from './profile.ts';

export async function addServers(
  servers: readonly string[],
  options: AddServerOptions,
): Promise<void> {
  const paths = portolanPaths();
  const place = await chosenPlace(options, paths);
  const loaded = await readProfileIfAny(place, paths);
  const names = servers.map((text) => text.split('@', 1)[0] ?? '');
  const settings = parseAssignments(options.set);
  const isolation = isolationSetting(options.isolation ?? 'auto');
  const stray = [...settings.keys()].find((name) => !names.includes(name));
  if (stray !== undefined) {
    throw new PortolanError(
      'usage',
      'SETTING_UNKNOWN',
      `--set ${stray}...: ${stray} is not among the servers to add`,
    );
  }
  const there = names.find((name) => loaded && serverIn(loaded.profile, name) !== undefined);
  if (there !== undefined) {
    throw new PortolanError(
      'usage',
      'SERVER_EXISTS',
      `the profile ${place.name} has ${there} already; \`portolan update ${there}\` moves it on, \`portolan set ${there}.PARAMETER=VALUE\` changes its settings`,
    );
  }
  const catalogs = await catalogsOfProfile(loaded, options, paths, note);
  const vault = openUserVault();
  const profile = loaded
    ? profileContext(loaded)
    : { ...NO_PROFILE, name: place.name, scope: place.scope };
  // All are looked at before any is added: half of a command is no result.
  const additions: Addition[] = [];
  const policies = await loadPolicies(paths);
  for (const text of servers) {
    const texts = settings.get(text.split('@', 1)[0] ?? '') ?? new Map();
    additions.push(await planAddition(text, { catalogs, vault, profile, texts, policies }));
  }
  if (!options.dryRun) {
    for (const { server, value, locked } of additions) {
      const set = isolation === 'auto' ? value : { ...value, isolation };
      await setServer(place, paths, server.entry.name, set, locked);
    }
  }
  const report = additions.map(
    ({ server, permissions, missingSecrets, missingParameters: parameters, ...rest }) => ({
      server: server.entry.name,
      version: server.entry.version,
      profile: place.name,
      path: place.path,
      permissions: permissions.more,
      missing: { parameters, secrets: missingSecrets, signIn: rest.signIn },
      locked: rest.locked,
      tools: rest.tools,
    }),
  );
  print(options.json, report, () =>
    [
      ...additions.map((addition) => describe(addition, place, options.dryRun === true)),
      ...(options.dryRun ? [] : [nextSteps(place)]),
    ].join('\n\n'),
  );
}

export async function removeServers(
  servers: readonly string[],
  options: ProfileOptions & JsonOption,
): Promise<void> {
  const paths = portolanPaths();
  const place = await chosenPlace(options, paths);
  const { profile } = await readProfile(place, paths);
  for (const name of servers)
    if (!serverIn(profile, name)) throw notInProfile(name, place, namesIn(profile));
  for (const name of servers) await setServer(place, paths, name, undefined);
  print(
    options.json,
    { profile: place.name, removed: servers },
    () => `${servers.join(', ')} removed from the profile ${place.name}`,
  );
}

export async function switchServerTools(
  name: string,
  names: readonly string[],
  on: boolean,
  options: ToolSwitchOptions,
): Promise<void> {
  const paths = portolanPaths();
  const place = await chosenPlace(options, paths);
  const loaded = await readProfile(place, paths);
  const catalogs = await catalogsOfProfile(loaded, options, paths, note);
  const { value, known } = await switchKnownTools(loaded, catalogs, paths, name, names, on);
  const state = (known ?? names).map((tool) => ({
    tool,
    on: toolRefusal(value, name, tool, place.name) === undefined,
  }));
  const stuck = on
    ? names.filter((one) => !one.includes('*') && state.some((s) => s.tool === one && !s.on))
    : [];
  print(options.json, { server: name, tools: value.tools ?? {}, state }, () =>
    [
      `${names.join(', ')} of ${name} ${on ? 'switched on' : 'switched off'} in the profile ${place.name}`,
      known
        ? `${state.filter((one) => one.on).length} of ${counted(known.length, 'tool')} offered`
        : '',
      ...stuck.map((tool) => `Still off: ${toolRefusal(value, name, tool, place.name)}`),
    ]
      .filter((line) => line !== '')
      .join('\n'),
  );
  if (stuck.length > 0) process.exitCode = 1;
}

function describe(addition: Addition, place: ProfilePlace, dryRun: boolean): string {
  const { entry } = addition.server;
  return [
    dryRun
      ? `${entry.name} ${entry.version} would be added to the profile ${place.name}`
      : `${entry.name} ${entry.version} is added to the profile ${place.name} (${place.path})`,
    ...describeAddition(addition, place),
  ].join('\n');
}

function nextSteps(place: ProfilePlace): string {
  return `Next: portolan client connect CLIENT${profileArgument(place)}, or portolan run${profileArgument(place)}. Gateways that serve this profile follow by themselves.`;
}
