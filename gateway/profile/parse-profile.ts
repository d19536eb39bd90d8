import type { ErrorObject } from '../../core/entry/schema.ts';
import type { Profile } from '../../core/entry/types.generated.ts';
import { PortolanError } from '../../core/errors.ts';
import { checkedYaml } from '../checked-yaml.ts';
import { suggest } from '../cli/suggest.ts';

/** Reads a profile. Throws `malformed` / `PROFILE_MALFORMED` with file, line, field and remedy. */
export function parseProfile(text: string, path: string): Profile {
  return checkedYaml({
    schema: 'profile',
    text,
    empty: 'write servers: {} for a profile without servers',
    fault: (line, field, fact) =>
      new PortolanError(
        'malformed',
        'PROFILE_MALFORMED',
        `${path}:${line}: ${field ? `${field} ` : ''}${fact}`,
      ),
    hint,
    prepare: withoutNulls,
  }).value;
}

/** `servers:` and `github:` with nothing behind them are empty maps, not faults. */
function withoutNulls(value: unknown): unknown {
  if (!isMap(value)) return value;
  const { servers } = value;
  if (servers === null) return { ...value, servers: {} };
  if (!isMap(servers)) return value;
  const filled = Object.entries(servers).map(([name, server]) => [name, server ?? {}] as const);
  return { ...value, servers: Object.fromEntries(filled) };
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Texts that say what to write; no value is quoted, because it may be a secret. */
function hint({ keyword, parentSchema }: ErrorObject, keys: readonly string[]): string | undefined {
  const [top, server = '', field, name = ''] = keys;
  if (keyword === 'additionalProperties') {
    const known = Object.keys((parentSchema as { properties?: object })?.properties ?? {});
    return `is not a field of a profile${suggest(keys.at(-1) ?? '', known)}; here there are ${known.join(', ')}`;
  }
  if (top !== 'servers') return undefined;
  if (keys.length === 1) return 'must be a map of servers by name';
  if (keys.length === 2 && keyword !== 'type') {
    return 'is no name of a server: small letters and digits with single "-" between them';
  }
  if (keys.length === 2) return 'must be a map; write {} for a server without settings';
  if (field === 'secrets' && name) {
    return `is not a reference such as op://Vault/Item/field; a value does not belong here, keep it with \`portolan secret set ${server}.${name}\` and remove this line`;
  }
  if (field === 'parameters' && name && keyword === 'type') {
    return 'must be a text, a number, true or false, or a list of texts';
  }
  if (field === 'isolation') {
    return 'must be container or bubblewrap; a profile cannot turn isolation off';
  }
  if (field === 'version') return 'must be one exact version in quotes or plain, e.g. 1.2.0';
  return undefined;
}
