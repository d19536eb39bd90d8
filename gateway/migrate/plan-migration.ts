import type {
  Profile,
  ProfileLock,
  ProfileServer,
  ServerEntry,
} from '../../core/entry/types.generated.ts';
import { PortolanError } from '../../core/errors.ts';
import type { CatalogSet } from '../catalog/catalog-set.ts';
import { entryFetcher } from '../clients/propose.ts';
import type { Policies } from '../policy/load-policy.ts';
import { type Addition, missingParameters, planAddition } from '../profile/add-server.ts';
import type { ProfileContext } from '../profile/profile-context.ts';
import { EMPTY_LOCK } from '../profile/profile-lock.ts';
import type { Vault } from '../vault/vault.ts';
import { carrySettings, switchesFor } from './carry-settings.ts';
import type { DockerProfile, DockerServer } from './docker-setup.ts';
import { type EntryMatch, matchesOf } from './match-entry.ts';

/** What becomes of one server of Docker's. */
export interface ServerPlan {
  readonly docker: DockerServer;
  /** Entries that are or may be the server, best first. */
  readonly matches: readonly EntryMatch[];
  /** What the profile gets; absent when the server is left out. */
  readonly taken?: {
    readonly match:
      | EntryMatch
      | { readonly entry: string; readonly sure: 'chosen'; readonly why: string };
    /** With the settings and tools that were carried over. */
    readonly addition: Addition;
  };
  readonly notes: readonly string[];
}

/** Which entries are taken besides those that match exactly. */
export interface Choices {
  /** Those that match likely, when it is one alone. */
  readonly likely?: boolean;
  /** Entries by the name of Docker's server. */
  readonly map?: ReadonlyMap<string, string>;
}

/** Plans a profile for one of Docker's; writes nothing. Throws what the catalogs throw. */
export async function planMigration(
  { servers }: DockerProfile,
  choices: Choices,
  {
    catalogs,
    vault,
    profile,
    policies,
  }: {
    readonly catalogs: CatalogSet;
    readonly vault: Pick<Vault, 'check'>;
    readonly profile: ProfileContext;
    /** A server that they refuse is left out, and stops no other. */
    readonly policies: Policies;
  },
): Promise<readonly ServerPlan[]> {
  const fetchEntry = entryFetcher(catalogs);
  const plans: ServerPlan[] = [];
  for (const docker of servers) {
    const matches = await matchesOf(docker, catalogs, fetchEntry);
    const match = choose(docker, matches, choices);
    if (!match) {
      plans.push({ docker, matches, notes: [] });
      continue;
    }
    const rival = plans.find(({ taken }) => taken?.match.entry === match.entry);
    if (rival) {
      const note = `${match.entry} is taken for ${rival.docker.name} already; a profile has a server once, left out`;
      plans.push({ docker, matches, notes: [note] });
      continue;
    }
    const plan = await planServer(docker, match, matches).catch((error: unknown) => {
      if (!(error instanceof PortolanError) || error.code !== 'POLICY_REFUSED') throw error;
      return { docker, matches, notes: [error.message] };
    });
    plans.push(plan);
  }
  return plans;

  async function planServer(
    docker: DockerServer,
    match: NonNullable<ServerPlan['taken']>['match'],
    matches: readonly EntryMatch[],
  ): Promise<ServerPlan> {
    const addition = await planAddition(match.entry, { catalogs, vault, profile, policies });
    const { entry } = addition.server;
    const { parameters, notes } = carrySettings(entry, docker.config);
    const tools = toolsFor(docker, addition.tools);
    const value: ProfileServer = {
      ...addition.value,
      ...(Object.keys(parameters).length > 0 && { parameters }),
      ...(tools.value && { tools: tools.value }),
    };
    const carried = { ...addition, value, missingParameters: missingParameters(entry, parameters) };
    return {
      docker,
      matches,
      taken: { match, addition: carried },
      notes: [...notes, ...tools.notes, ...secretNames(docker, entry), ...signIns(docker, entry)],
    };
  }
}

/** The profile and lock of what is taken. */
export function migratedProfile(
  plans: readonly ServerPlan[],
  description: string,
): { readonly profile: Profile; readonly lock: ProfileLock } {
  const taken = plans.flatMap((plan) => plan.taken ?? []);
  const entries = taken.map(({ addition }) => [addition.server.entry.name, addition] as const);
  return {
    profile: {
      description,
      servers: Object.fromEntries(entries.map(([name, { value }]) => [name, value])),
    },
    lock: {
      ...EMPTY_LOCK,
      servers: Object.fromEntries(entries.map(([name, { locked }]) => [name, locked])),
    },
  };
}

function choose(
  { name }: DockerServer,
  matches: readonly EntryMatch[],
  { likely = false, map }: Choices,
): NonNullable<ServerPlan['taken']>['match'] | undefined {
  const chosen = map?.get(name);
  if (chosen !== undefined) return { entry: chosen, sure: 'chosen', why: 'you named it' };
  const [best, ...others] = matches;
  // Two that are alike in the same way are a question for a human as well.
  if (best?.sure === 'exact' && others.every(({ by }) => by !== best.by)) return best;
  return likely && best?.sure === 'likely' && others.length === 0 ? best : undefined;
}

/** Docker names the tools that are on. What no longer has a tool of that name stays named. */
function toolsFor(
  { tools }: DockerServer,
  signed: readonly string[] | undefined,
): { readonly value?: NonNullable<ProfileServer['tools']>; readonly notes: readonly string[] } {
  if (tools === undefined) return { notes: [] };
  const value = switchesFor(tools);
  const unknown = signed ? tools.filter((tool) => !signed.includes(tool)) : [];
  return {
    value,
    notes: [
      ...(value.enable ? [] : ['every tool is switched off, as it was']),
      ...(unknown.length > 0
        ? [`it has no tool ${unknown.join(', ')} here; only those that are named stay on`]
        : []),
    ],
  };
}

/** What a secret is called there, found by the variable that both put it in. */
function secretNames({ definition }: DockerServer, entry: ServerEntry): readonly string[] {
  return (definition?.secrets ?? []).flatMap(({ name, env = '' }) => {
    const template = entry.env && Object.hasOwn(entry.env, env) ? entry.env[env] : undefined;
    const ours = entry.secrets?.find((secret) => template?.includes(`{${secret.name}}`));
    return ours ? [`the secret ${ours.name} is ${name} there`] : [];
  });
}

/** Where Docker signed in and this entry takes a token, or the other way round. */
function signIns({ definition }: DockerServer, entry: ServerEntry): readonly string[] {
  const providers = definition?.providers ?? [];
  if (providers.length === 0 || entry.remote?.oauth) return [];
  const secrets = (entry.secrets ?? []).map(({ name }) => name);
  return [
    `Docker signed in at ${providers.join(', ')}; here it takes ${secrets.length > 0 ? `the secret ${secrets.join(' or ')}` : 'no sign-in'} instead`,
  ];
}

/** Throws `usage` / `MAP_UNKNOWN` for a choice about a server that Docker does not have. */
export function requireKnown(
  map: ReadonlyMap<string, string>,
  profiles: readonly DockerProfile[],
): void {
  const known = new Set(profiles.flatMap(({ servers }) => servers.map(({ name }) => name)));
  const stray = [...map.keys()].find((name) => !known.has(name));
  if (stray === undefined) return;
  throw new PortolanError(
    'usage',
    'MAP_UNKNOWN',
    `--map ${stray}=...: Docker has no server ${stray} here; it has ${[...known].join(', ') || 'none'}`,
  );
}
