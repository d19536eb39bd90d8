import { describePermissions } from '../../../core/entry/describe-permissions.ts';
import type { Parameter, ProfileServer, ServerEntry } from '../../../core/entry/types.generated.ts';
import { PortolanError } from '../../../core/errors.ts';
import { loadPolicies } from '../../policy/load-policy.ts';
import { missingParameters, planAddition } from '../../profile/add-server.ts';
import { createProfile, removeProfile, setServer } from '../../profile/change-profile.ts';
import { lockFaults } from '../../profile/check-lock.ts';
import { pinnedServer } from '../../profile/pinned-server.ts';
import { forgetCurrentProfile, profilePlace, setCurrentProfile } from '../../profile/place.ts';
import { serverIn } from '../../profile/read-profile.ts';
import { changeSettings, parametersFor } from '../../profile/set-parameters.ts';
import { surveyProfiles } from '../../profile/survey-profiles.ts';
import { switchKnownTools } from '../../profile/switch-known-tools.ts';
import { toolRefusal } from '../../profile/tool-switch.ts';
import { isObject } from '../../relay/protocol.ts';
import type { ConsoleContext } from '../context.ts';
import { existingProfile, type ProfileInUse, profileInUse } from '../profile-in-use.ts';
import {
  type ApiRequest,
  flagIn,
  get,
  optionalTextIn,
  post,
  type Route,
  textIn,
  textsIn,
} from '../route.ts';
import { type ToolSummary, toolOf } from './catalog.ts';
import { type ServerSecrets, signInsIfOpen, statusOf } from './secrets.ts';

export const profileRoutes: readonly Route[] = [
  get('/api/profiles', list),
  post('/api/profiles', create),
  get('/api/profiles/:profile', show),
  post('/api/profiles/:profile/use', use),
  post('/api/profiles/:profile/remove', remove),
  get('/api/profiles/:profile/plan/:server', plan),
  post('/api/profiles/:profile/servers/:server', add),
  post('/api/profiles/:profile/servers/:server/remove', removeServer),
  post('/api/profiles/:profile/servers/:server/parameters', setParameters),
  post('/api/profiles/:profile/servers/:server/tools', setTools),
];

export type ProfileList = Awaited<ReturnType<typeof list>>;
export type ProfileDetail = Awaited<ReturnType<typeof show>>;
export type AdditionPlan = Awaited<ReturnType<typeof plan>>;

async function list(_: ApiRequest, context: ConsoleContext) {
  const { place } = await profileInUse(context, undefined);
  return { current: place.name, profiles: await surveyProfiles(context.paths) };
}

async function create({ body }: ApiRequest, context: ConsoleContext): Promise<{ name: string }> {
  const place = await profilePlace(textIn(body, 'name').trim(), context.paths);
  const description = optionalTextIn(body, 'description');
  await createProfile(place, context.paths, { profile: { ...(description && { description }) } });
  if (flagIn(body, 'use')) await setCurrentProfile(place, context.paths);
  context.changed('profiles');
  return { name: place.name };
}

async function use({ params }: ApiRequest, context: ConsoleContext): Promise<void> {
  const { place } = await existingProfile(context, params.profile);
  await setCurrentProfile(place, context.paths);
  context.changed('profiles');
}

async function remove({ params }: ApiRequest, context: ConsoleContext): Promise<void> {
  const place = await profilePlace(params.profile, context.paths);
  const current = await profilePlace(undefined, context.paths);
  await removeProfile(place, context.paths);
  if (current.path === place.path) await forgetCurrentProfile(context.paths);
  context.changed('profiles');
}

/** One server of a profile, with all that can be set for it. */
export interface ProfileServerView extends Pick<ServerSecrets, 'title' | 'secrets' | 'signIn'> {
  readonly name: string;
  readonly description: string;
  readonly version: string | undefined;
  /** The profile keeps this version. */
  readonly kept: string | undefined;
  readonly permissions: ReturnType<typeof describePermissions>;
  readonly parameters: readonly ParameterView[];
  readonly missing: readonly string[];
  readonly tools: readonly (ToolSummary & { readonly off?: string })[];
  /** Why the tools are not listed here. */
  readonly dynamic?: string;
  readonly problem?: string;
}

export interface ParameterView extends Parameter {
  readonly name: string;
  readonly required: boolean;
  readonly value?: string | number | boolean | readonly string[];
}

async function show({ params }: ApiRequest, context: ConsoleContext) {
  const inUse = await profileInUse(context, params.profile);
  const { place, loaded, profile } = inUse;
  const servers = await Promise.all(
    profile.servers.map((name) => serverView(name, inUse, context)),
  );
  return {
    name: place.name,
    path: place.path,
    exists: loaded !== undefined,
    description: loaded?.profile.description,
    faults: loaded ? lockFaults(loaded) : [],
    servers,
  };
}

async function serverView(
  name: string,
  inUse: ProfileInUse,
  context: ConsoleContext,
): Promise<ProfileServerView> {
  const { profile } = inUse;
  const own = profile.server(name) ?? {};
  const common = { name, version: profile.locked(name)?.version, kept: own.version };
  try {
    const server = await pinnedServer(await context.catalogs(), name, profile);
    const { entry } = server;
    const signIns = entry.remote?.oauth ? (await signInsIfOpen(context)).found : [];
    return {
      ...common,
      version: entry.version,
      description: entry.description,
      permissions: describePermissions(entry),
      parameters: parametersOf(entry, own),
      missing: missingParameters(entry, own.parameters ?? {}).map((one) => one.name),
      tools: (server.tools?.tools ?? []).map((tool) => {
        const off = toolRefusal(own, name, tool.name, profile.name);
        return { ...toolOf(tool), ...(off && { off }) };
      }),
      ...(typeof entry.tools === 'object' && { dynamic: entry.tools.dynamic }),
      ...(await statusOf(entry, context, profile, signIns)),
    };
  } catch (error) {
    if (!(error instanceof PortolanError)) throw error;
    const nothing = { description: '', permissions: [], parameters: [], missing: [], tools: [] };
    return { ...common, ...nothing, title: name, secrets: [], problem: error.message };
  }
}

/** What the form shows: the entry's JSON Schema, with what is set. */
export function parametersOf(entry: ServerEntry, own: ProfileServer): readonly ParameterView[] {
  const { properties = {}, required = [] } = entry.parameters ?? {};
  return Object.entries(properties).map(([name, parameter]) => {
    const value = own.parameters?.[name];
    return {
      ...parameter,
      name,
      required: required.includes(name),
      ...(value !== undefined && { value }),
    };
  });
}

/** What adding a server would mean; changes nothing. */
async function plan({ params, query }: ApiRequest, context: ConsoleContext) {
  const { profile, loaded } = await profileInUse(context, params.profile);
  const { server = '' } = params;
  const version = query.get('version');
  const addition = await planAddition(version ? `${server}@${version}` : server, {
    catalogs: await context.catalogs(),
    vault: context.vault,
    profile,
    policies: await loadPolicies(context.paths),
  });
  return {
    there: loaded !== undefined && serverIn(loaded.profile, server) !== undefined,
    version: addition.server.entry.version,
    asks: addition.permissions.more.map(({ text }) => text),
    parameters: parametersOf(addition.server.entry, {}),
    missingSecrets: addition.missingSecrets.map(({ name, description }) => ({ name, description })),
    signIn: addition.signIn,
  };
}

async function add({ params, body }: ApiRequest, context: ConsoleContext): Promise<void> {
  const { place, profile, loaded } = await profileInUse(context, params.profile);
  const { server = '' } = params;
  if (loaded && serverIn(loaded.profile, server) !== undefined) {
    throw new PortolanError(
      'usage',
      'SERVER_EXISTS',
      `the profile ${place.name} has ${server} already; change it on the page of the profile`,
    );
  }
  const version = optionalTextIn(body, 'version');
  const { value, locked } = await planAddition(version ? `${server}@${version}` : server, {
    catalogs: await context.catalogs(),
    vault: context.vault,
    profile,
    policies: await loadPolicies(context.paths),
    texts: textsOf(body),
  });
  await setServer(place, context.paths, server, value, locked);
  context.changed('profiles', 'secrets');
}

async function removeServer({ params }: ApiRequest, context: ConsoleContext): Promise<void> {
  const { place } = await existingProfile(context, params.profile);
  await setServer(place, context.paths, params.server ?? '', undefined);
  context.changed('profiles', 'secrets');
}

async function setParameters({ params, body }: ApiRequest, context: ConsoleContext): Promise<void> {
  const loaded = await existingProfile(context, params.profile);
  const { server = '' } = params;
  const values = await parametersFor(loaded, await context.catalogs(), server, textsOf(body));
  const change = { parameters: values, gone: textsIn(body, 'unset') };
  await changeSettings(loaded.place, context.paths, server, change);
  context.changed('profiles');
}

async function setTools({ params, body }: ApiRequest, context: ConsoleContext): Promise<void> {
  const loaded = await existingProfile(context, params.profile);
  const { server = '' } = params;
  const names = textsIn(body, 'tools');
  const on = flagIn(body, 'on');
  await switchKnownTools(loaded, await context.catalogs(), context.paths, server, names, on);
  context.changed('profiles');
}

/** Parameters as texts, as the command line has them too. */
function textsOf({ parameters }: ApiRequest['body']): ReadonlyMap<string, string> {
  if (!isObject(parameters)) return new Map();
  return new Map(Object.entries(parameters).map(([name, value]) => [name, String(value)]));
}
