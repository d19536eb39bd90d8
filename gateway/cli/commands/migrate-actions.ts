import { PortolanError } from '../../../core/errors.ts';
import type { CatalogSet } from '../../catalog/catalog-set.ts';
import { type DockerClient, dockerClients } from '../../migrate/docker-clients.ts';
import type { DockerProfile } from '../../migrate/docker-setup.ts';
import {
  migratedProfile,
  planMigration,
  requireKnown,
  type ServerPlan,
} from '../../migrate/plan-migration.ts';
import { ENABLED, readDockerSetup } from '../../migrate/read-docker.ts';
import type { Paths } from '../../paths.ts';
import { portolanPaths } from '../../paths.ts';
import { loadPolicies } from '../../policy/load-policy.ts';
import { createProfile, profileExists } from '../../profile/change-profile.ts';
import { type ProfilePlace, profilePlace } from '../../profile/place.ts';
import { NO_PROFILE } from '../../profile/profile-context.ts';
import { readProfileIfAny } from '../../profile/read-profile.ts';
import { planReplacement } from '../../profile/replace-profile.ts';
import { openCatalogs } from '../catalog-access.ts';
import { agreeToReplace } from '../consent.ts';
import { openUserVault } from '../open-vault.ts';
import { note, print } from '../print.ts';
import { describeError } from '../report-error.ts';
import type { MigrateDockerOptions } from './migrate.ts';
import { describeClients, describeProfile } from './migrate-report.ts';

/** One profile of Docker's, and what becomes of it here. */
export interface ProfilePlan {
  readonly docker: DockerProfile;
  readonly place: ProfilePlace;
  /** There is a profile of that name already. */
  readonly exists: boolean;
  readonly servers: readonly ServerPlan[];
}

export async function migrateDocker(options: MigrateDockerOptions): Promise<void> {
  const paths = portolanPaths();
  const setup = await readDockerSetup({
    ...(options.from !== undefined && { from: options.from }),
    ...(options.export && { exports: options.export }),
  });
  const problems = [...setup.problems];
  const profiles = chosenProfiles(setup.profiles, options);
  const map = parseMap(options.map);
  requireKnown(map, setup.profiles);
  const catalogs = await openCatalogs(options, paths, note);
  const vault = openUserVault();
  const policies = await loadPolicies(paths);
  const plans: ProfilePlan[] = [];
  for (const docker of profiles) {
    const place = await placeFor(docker, options, plans, paths);
    const profile = { ...NO_PROFILE, name: place.name, scope: place.scope };
    plans.push({
      docker,
      place,
      exists: (await readProfileIfAny(place, paths)) !== undefined,
      servers: await planMigration(
        docker,
        { likely: options.likely === true, map },
        { catalogs, vault, profile, policies },
      ),
    });
  }
  const clients = await dockerClients((error) => problems.push(error));
  const written = options.apply ? await write(plans, options, paths, catalogs) : [];
  const report = {
    folder: setup.folder,
    files: setup.files,
    catalogs: setup.catalogs,
    profiles: plans.map((plan) => ({ ...asJson(plan), written: written.includes(plan) })),
    clients: clients.map((client) => ({ ...client, ...commandsFor(client, plans) })),
    problems: problems.map(describeError),
  };
  const left = plans.filter((plan) => takenOf(plan).length === 0);
  if (problems.length > 0 || (options.apply && left.length > 0)) process.exitCode = 1;
  for (const { message } of problems) note(message);
  print(options.json, report, () =>
    [
      `Docker's MCP Toolkit in ${setup.folder}: read ${setup.files.join(', ') || 'nothing'}`,
      ...plans.map(describeProfile),
      ...(plans.length === 0 ? ['It has no profile, and no server is switched on.'] : []),
      ...describeClients(report.clients),
      closing(plans, written, options),
    ].join('\n\n'),
  );
}

/** Every profile is checked before the first is written: half of a command is no result. */
async function write(
  plans: readonly ProfilePlan[],
  options: MigrateDockerOptions,
  paths: Paths,
  catalogs: CatalogSet,
): Promise<readonly ProfilePlan[]> {
  const { replace } = options;
  const wanted = plans.filter((plan) => takenOf(plan).length > 0);
  const there = wanted.find(({ exists }) => exists && !replace);
  if (there) throw profileExists(there.place);
  const made = wanted.map(({ place, docker, servers }) => {
    const origin =
      docker.name === ENABLED ? 'servers that were switched on in' : `profile ${docker.name} of`;
    return { place, ...migratedProfile(servers, `From the ${origin} Docker's MCP Toolkit.`) };
  });
  for (const { place, ...after } of made) {
    const before = await readProfileIfAny(place, paths);
    if (!before) continue;
    const changes = await planReplacement(before, after, async () => catalogs);
    await agreeToReplace(changes, place.name, options, '`portolan migrate docker`');
  }
  for (const { place, ...after } of made) {
    await createProfile(place, paths, { ...after, replace: replace === true });
  }
  return wanted;
}

function chosenProfiles(
  profiles: readonly DockerProfile[],
  { only, profile }: MigrateDockerOptions,
): readonly DockerProfile[] {
  const stray = only?.find((name) => !profiles.some((one) => one.name === name));
  if (stray !== undefined) {
    throw new PortolanError(
      'usage',
      'DOCKER_PROFILE_UNKNOWN',
      `Docker has no profile "${stray}" here; it has ${profiles.map(({ name }) => `"${name}"`).join(', ') || 'none'}`,
    );
  }
  const chosen = only ? profiles.filter(({ name }) => only.includes(name)) : profiles;
  if (profile !== undefined && chosen.length > 1) {
    throw new PortolanError(
      'usage',
      'PROFILE_AMBIGUOUS',
      `--profile names one profile, and Docker has ${chosen.length}: ${chosen.map(({ name }) => `"${name}"`).join(', ')}; choose one with --only`,
    );
  }
  return chosen;
}

/** Docker's name, but `docker` for the default one: the profile `default` here may be in use. */
async function placeFor(
  { name }: DockerProfile,
  { profile }: MigrateDockerOptions,
  plans: readonly ProfilePlan[],
  paths: Paths,
): Promise<ProfilePlace> {
  if (profile !== undefined) return profilePlace(profile, paths);
  const cleaned = name
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 50);
  const wanted = ['', 'default', 'enabled-servers'].includes(cleaned) ? 'docker' : cleaned;
  const taken = plans.map(({ place }) => place.name);
  let free = wanted;
  for (let number = 2; taken.includes(free); number += 1) free = `${wanted}-${number}`;
  return profilePlace(free, paths);
}

function parseMap(texts: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    texts.map((text) => {
      const [docker = '', entry = '', ...rest] = text.split('=');
      if (docker && entry && rest.length === 0) return [docker, entry] as const;
      throw new PortolanError(
        'usage',
        'MAP_MALFORMED',
        `--map ${text} is not DOCKER=ENTRY, e.g. --map github-official=github`,
      );
    }),
  );
}

/** The commands that put this gateway in the place of Docker's in a client. */
function commandsFor(
  { id, entry, project, profile }: DockerClient,
  plans: readonly ProfilePlan[],
): { readonly connect: string; readonly disconnect: string } {
  const [first] = plans;
  const plan = plans.find(({ docker }) => docker.name === profile) ?? first;
  const where = project ? ' --project' : '';
  return {
    connect: `portolan client connect ${id}${where} --profile ${plan?.place.name ?? 'NAME'}`,
    disconnect: `portolan client disconnect ${id}${where} --name ${entry} --force`,
  };
}

function takenOf({ servers }: ProfilePlan) {
  return servers.flatMap(({ taken }) => taken ?? []);
}

function asJson({ docker, place, exists, servers }: ProfilePlan) {
  return {
    docker: docker.name,
    file: docker.file,
    name: place.name,
    path: place.path,
    exists,
    servers: servers.map(({ docker: { name, image, url }, matches, taken, notes }) => ({
      docker: name,
      ...(image !== undefined && { image }),
      ...(url !== undefined && { url }),
      matches,
      ...(taken && {
        server: taken.match.entry,
        version: taken.addition.server.entry.version,
        match: taken.match,
        value: taken.addition.value,
        permissions: taken.addition.permissions.more,
        missing: {
          parameters: taken.addition.missingParameters,
          secrets: taken.addition.missingSecrets,
          signIn: taken.addition.signIn,
        },
        locked: taken.addition.locked,
      }),
      notes,
    })),
  };
}

function closing(
  plans: readonly ProfilePlan[],
  written: readonly ProfilePlan[],
  { apply }: MigrateDockerOptions,
): string {
  const names = (list: readonly ProfilePlan[]) => list.map(({ place }) => place.name).join(', ');
  if (written.length > 0) {
    return `Written: the profile${written.length === 1 ? '' : 's'} ${names(written)}. Next: set what is missing, then connect the clients.`;
  }
  const ready = plans.filter((plan) => takenOf(plan).length > 0);
  if (ready.length === 0) return 'There is nothing to write.';
  return apply
    ? 'Nothing was written.'
    : `Nothing was written. --apply writes ${names(ready)}${ready.some(({ exists }) => exists) ? ', with --replace where a profile of that name is there' : ''}.`;
}
