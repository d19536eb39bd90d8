import { renderDiff } from '../../core/entry/render-diff.ts';
import { counted } from '../../core/text.ts';
import type { Addition } from '../profile/add-server.ts';
import type { ProfilePlace } from '../profile/place.ts';
import { DEFAULT_PROFILE } from '../profile/profile-context.ts';
import { visible } from '../relay/render-diff.ts';

/** What a server may do and offers, and the commands for what it lacks, a line each. */
export function describeAddition(
  addition: Addition,
  place: Pick<ProfilePlace, 'name'>,
): readonly string[] {
  const { server, missingSecrets, signIn } = addition;
  const { entry } = server;
  const profile = profileArgument(place);
  const missing = [
    ...addition.missingParameters.map(
      ({ name, description }) =>
        `parameter ${name} (${visible(description)}): portolan set ${entry.name}.${name}=VALUE${profile}`,
    ),
    ...missingSecrets.map(
      ({ name, description }) =>
        `secret ${name} (${visible(description)}): portolan secret set ${entry.name}.${name}${profile}`,
    ),
    ...(signIn ? [`sign-in: portolan auth login ${entry.name}`] : []),
  ];
  return [
    ...describeGrants(addition, '  '),
    describeOffer(addition),
    ...(missing.length > 0
      ? ['Missing before it can be used:', ...missing.map((line) => `  ${line}`)]
      : []),
  ];
}

/** What a server may touch, a line each, below the first with `indent`. */
export function describeGrants(
  { permissions }: Pick<Addition, 'permissions'>,
  indent = '',
): readonly string[] {
  const lines = renderDiff(permissions, { added: [], removed: [], changed: [] });
  if (lines.length === 0) return ['It may touch nothing outside its box.'];
  return ['It asks for:', ...lines.map((line) => `${indent}${line}`)];
}

/** How many tools a server has, as far as that is signed. */
export function describeOffer({ tools }: Pick<Addition, 'tools'>): string {
  return tools ? `It offers ${counted(tools.length, 'tool')}.` : 'Its tools are listed live.';
}

/** ` --profile NAME`, where a command would take another one without it. */
export function profileArgument({ name }: Pick<ProfilePlace, 'name'>): string {
  return name === DEFAULT_PROFILE ? '' : ` --profile ${name}`;
}
