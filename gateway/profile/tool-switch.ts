import type { ProfileServer } from '../../core/entry/types.generated.ts';
import { fitting } from '../policy/globs.ts';
import { DEFAULT_PROFILE } from './profile-context.ts';

/** Why a profile does not offer a tool; undefined when it does. */
export function toolRefusal(
  { tools }: Pick<ProfileServer, 'tools'>,
  server: string,
  tool: string,
  profile: string,
): string | undefined {
  if (!tools) return undefined;
  const disabled = fitting(tools.disable ?? [], tool);
  if (disabled === undefined && (!tools.enable || fitting(tools.enable, tool) !== undefined)) {
    return undefined;
  }
  const rule = disabled === undefined ? 'is not among tools.enable' : `fits "${disabled}" there`;
  const named = profile === DEFAULT_PROFILE ? '' : ` --profile ${profile}`;
  const remedy = `portolan tools enable ${server} '${disabled ?? tool}'${named}`;
  return `the tool ${tool} is switched off in the profile ${profile}: it ${rule}; \`${remedy}\` switches it on`;
}

/** The switches after tools were switched on or off. Patterns stand for what they fit. */
export function switchedTools(
  { enable, disable }: NonNullable<ProfileServer['tools']>,
  names: readonly string[],
  on: boolean,
): NonNullable<ProfileServer['tools']> {
  const without = (list: readonly string[] = []) => list.filter((one) => !names.includes(one));
  const withNames = (list: readonly string[] = []) => [...new Set([...list, ...names])];
  if (!on) {
    return { ...(enable && { enable: [...enable] }), disable: withNames(disable) };
  }
  const still = without(disable);
  return {
    // Without a list of enabled tools every tool that is not disabled is on.
    ...(enable && { enable: withNames(enable) }),
    ...(still.length > 0 && { disable: still }),
  };
}
