import { isAbsolute } from 'node:path';
import type { Policy } from '../../core/entry/types.generated.ts';
import { PortolanError } from '../../core/errors.ts';
import { parsePublicKey } from '../../core/trust/keys.ts';
import { checkedYaml } from '../checked-yaml.ts';

/**
 * Reads a policy file. Throws `malformed` / `POLICY_MALFORMED` with file, line, field and remedy: a
 * policy that cannot be read in full must not be followed in part.
 */
export function parsePolicy(text: string, path: string): Policy {
  const { value, lineOf } = checkedYaml({
    schema: 'policy',
    text,
    empty: 'write {} to restrict nothing',
    fault: (line, field, fact) => malformed(path, line, field, fact),
  });
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
