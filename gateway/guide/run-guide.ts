import { confirm, intro, log, note, outro } from '@clack/prompts';
import { answered, cancelled } from '../cli/answered.ts';
import { openCatalogs } from '../cli/catalog-access.ts';
import { describeGrants, describeOffer } from '../cli/describe-addition.ts';
import { openUserVault } from '../cli/open-vault.ts';
import { connectClient } from '../clients/connect.ts';
import { launchOf } from '../clients/launch.ts';
import { thisMachine } from '../clients/place.ts';
import type { Target } from '../clients/target.ts';
import { type Paths, portolanPaths } from '../paths.ts';
import { loadPolicies } from '../policy/load-policy.ts';
import { type Addition, planAddition } from '../profile/add-server.ts';
import { type ProfilePlace, profilePlace } from '../profile/place.ts';
import { NO_PROFILE } from '../profile/profile-context.ts';
import { profileContext } from '../profile/profile-selection.ts';
import { type LoadedProfile, readProfileIfAny, serverIn } from '../profile/read-profile.ts';
import { visible } from '../relay/render-diff.ts';
import { applyChoices, type Choices } from './apply.ts';
import { chooseClient } from './choose-client.ts';
import { chooseServer } from './choose-server.ts';
import { askParameters, askSecrets } from './fill-in.ts';

/**
 * The guided start: a client, a server, what it needs. Everything is asked first and done last, so
 * that who stops in between has changed nothing. Throws `forbidden` / `CANCELLED` for that.
 */
export async function runGuide(): Promise<void> {
  const paths = portolanPaths();
  const vault = openUserVault();
  const place = await profilePlace(undefined, paths);
  const loaded = await readProfileIfAny(place, paths);
  intro('Portolan: MCP servers that are verified and isolated');
  const target = await chooseClient();
  const options = { catalogs: loaded?.profile.catalogs };
  const listed = await openCatalogs({ ...options, look: true }, paths, say);
  const name = await chooseServer(listed, Object.keys(loaded?.profile.servers ?? {}));
  const addition =
    loaded && serverIn(loaded.profile, name)
      ? undefined
      : await chooseAddition(name, { ...options, loaded, place, paths, vault });
  const client = target && (await chooseConnection(target));
  const choices: Choices = {
    place,
    newProfile: loaded === undefined,
    ...(addition && { addition: addition.chosen }),
    ...(client && { client }),
  };
  if (!addition && !client) {
    outro(`Nothing is to be done: ${name} is in your profile ${place.name} already.`);
    return;
  }
  const message = client
    ? `${addition ? `Add ${name} and connect` : 'Connect'} ${client.target.client.title}?`
    : `Add ${name}?`;
  if (!(await answered(confirm({ message })))) throw cancelled();
  await applyChoices(choices, { paths, vault });
  note(nextSteps(name, choices, addition?.plan).join('\n'), 'Done. Next');
  outro('`portolan --help` lists everything.');
}

/** Shows what a server may do and asks for what it needs. */
async function chooseAddition(
  name: string,
  about: {
    readonly catalogs: readonly string[] | undefined;
    readonly loaded: LoadedProfile | undefined;
    readonly place: ProfilePlace;
    readonly paths: Paths;
    readonly vault: ReturnType<typeof openUserVault>;
  },
): Promise<{ readonly plan: Addition; readonly chosen: NonNullable<Choices['addition']> }> {
  const { place, loaded, paths, vault } = about;
  // Opened anew: what is added must be current, what was searched need not be.
  const catalogs = await openCatalogs({ catalogs: about.catalogs }, paths, say);
  const profile = loaded
    ? profileContext(loaded)
    : { ...NO_PROFILE, name: place.name, scope: place.scope };
  const plan = await planAddition(name, {
    catalogs,
    vault,
    profile,
    policies: await loadPolicies(paths),
  });
  const { entry } = plan.server;
  note(
    [visible(entry.description), '', ...describeGrants(plan), '', describeOffer(plan)].join('\n'),
    `${entry.title} ${entry.version}`,
  );
  const parameters = await askParameters(plan);
  const secrets = await askSecrets(plan);
  const value = Object.keys(parameters).length > 0 ? { ...plan.value, parameters } : plan.value;
  return { plan, chosen: { name, value, locked: plan.locked, secrets } };
}

/** Shows what would be written into a client's file; undefined when it is there already. */
async function chooseConnection(target: Target): Promise<Choices['client']> {
  const machine = { ...thisMachine(), cwd: process.cwd(), node: process.execPath };
  const launch = launchOf('portolan', [], machine);
  const { done, diff = '' } = await connectClient(target, launch, { dryRun: true });
  if (done === 'nothing') {
    log.info(`${target.client.title} is connected already.`);
    return undefined;
  }
  note(diff.trimEnd(), target.path);
  return { target, launch };
}

function nextSteps(name: string, { addition, client }: Choices, plan?: Addition): string[] {
  const given = new Set(addition?.secrets.map((secret) => secret.name));
  const missing = (plan?.missingSecrets ?? []).filter((secret) => !given.has(secret.name));
  return [
    ...missing.map((secret) => `portolan secret set ${name}.${secret.name}`),
    ...(plan?.signIn ? [`portolan auth login ${name}`] : []),
    ...(client
      ? [
          `Restart ${client.target.client.title}; its tools have those of ${name}.`,
          `portolan client undo ${client.target.client.id}   takes the connection back`,
        ]
      : ['portolan client connect CLIENT']),
    `portolan tools ls ${name}`,
    'portolan add SERVER   adds another one',
    'portolan console   does all this in a browser',
  ];
}

function say(line: string): void {
  log.warn(line);
}
