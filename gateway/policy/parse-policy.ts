import { isAbsolute } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { type ErrorObject, validatorOf } from '../../core/entry/schema.ts';
import type { Policy } from '../../core/entry/types.generated.ts';
import { PortolanError } from '../../core/errors.ts';
import { parsePublicKey } from '../../core/trust/keys.ts';

/**
 * Reads a policy file. Throws `malformed` / `POLICY_MALFORMED` with file, line, field and remedy: a
 * policy that cannot be read in full must not be followed in part.
 */
export function parsePolicy(text: string, path: string): Policy {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, version: '1.2', schema: 'core' });
  const [error] = document.errors;
  if (error) throw malformed(path, error.linePos?.[0].line ?? 1, '', firstLine(error.message));
  let value: unknown;
  try {
    // Aliases hide what a policy says.
    value = document.toJS({ maxAliasCount: 0 });
  } catch {
    throw malformed(path, 1, '', 'uses an alias (*name); write the value out where it is needed');
  }
  // A file that was cut off while it was written must not lift every restriction.
  if (value === null) throw malformed(path, 1, '', 'is empty; write {} to restrict nothing');
  const lineOf = (keys: readonly string[]) => {
    for (let depth = keys.length; depth >= 0; depth -= 1) {
      const node = document.getIn(keys.slice(0, depth), true) as
        | { range?: [number, number, number] }
        | undefined;
      if (node?.range) return lines.linePos(node.range[0]).line;
    }
    return 1;
  };
  const validate = validatorOf('policy');
  if (!validate(value)) {
    const fault = worst(validate.errors ?? []);
    const keys = keysOf(fault.instancePath);
    const unknown = fault.params?.additionalProperty;
    const at = typeof unknown === 'string' ? [...keys, unknown] : keys;
    throw malformed(path, lineOf(at), at.join('.'), factOf(fault));
  }
  for (const [index, { name, exec, http }] of (value.interceptors ?? []).entries()) {
    const [program = ''] = exec?.command ?? [];
    if (exec && !isAbsolute(program)) {
      const at = ['interceptors', String(index), 'exec', 'command'];
      throw malformed(
        path,
        lineOf(at),
        at.join('.'),
        `of ${name} starts with ${program}; give the absolute path of the program`,
      );
    }
    if (http && !isSafe(new URL(http.url))) {
      const at = ['interceptors', String(index), 'http', 'url'];
      throw malformed(
        path,
        lineOf(at),
        at.join('.'),
        `of ${name} is not encrypted; use https, or http on this machine only`,
      );
    }
  }
  for (const [index, { signers = [] }] of (value.catalogs ?? []).entries()) {
    for (const [number, signer] of signers.entries()) {
      if (!('publicKey' in signer)) continue;
      const at = ['catalogs', String(index), 'signers', String(number), 'publicKey'];
      try {
        parsePublicKey(signer.publicKey, 'publicKey');
      } catch {
        throw malformed(path, lineOf(at), at.join('.'), 'is no public key in PEM form (SPKI)');
      }
    }
  }
  return value;
}

function isSafe({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}

function malformed(path: string, line: number, field: string, fact: string): PortolanError {
  return new PortolanError(
    'malformed',
    'POLICY_MALFORMED',
    `${path}:${line}: ${field ? `${field} ` : ''}${fact}. Nothing runs until the policy is mended; \`portolan policy show\` checks it`,
  );
}

/** An unknown key says more than the list of forms that do not fit because of it. */
function worst(errors: readonly ErrorObject[]): ErrorObject {
  const rank = ({ keyword, instancePath }: ErrorObject) =>
    (keyword === 'additionalProperties' ? 100 : 0) +
    (keyword === 'oneOf' ? -50 : 0) +
    instancePath.split('/').length;
  return [...errors].sort((a, b) => rank(b) - rank(a))[0] as ErrorObject;
}

function factOf({ keyword, message = '', params, parentSchema }: ErrorObject): string {
  switch (keyword) {
    case 'additionalProperties': {
      const known = Object.keys((parentSchema as { properties?: object })?.properties ?? {});
      return `is not a field of a policy; here there are ${known.join(', ')}`;
    }
    case 'enum':
      return `must be one of ${(params.allowedValues as unknown[]).join(', ')}`;
    case 'pattern':
      return `does not have the form ${params.pattern}`;
    case 'oneOf':
      return 'must be one of the forms that docs/guides/policy.md shows';
    default:
      return message;
  }
}

function keysOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function firstLine(text: string): string {
  return text.split('\n')[0]?.replace(/ at line .*$/, '') ?? '';
}
