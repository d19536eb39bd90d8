import type { PolicyScan } from '../../core/entry/types.generated.ts';
import { PortolanError } from '../../core/errors.ts';
import { findTokenShapes, mayHoldToken } from '../../core/secrets/token-shapes.ts';
import type { KnownSecrets } from './known-secrets.ts';
import type { Policies } from './load-policy.ts';
import { replaceStrings } from './strings.ts';

/** What happens to a text that holds something like a credential, laxest first. */
const MODES = ['off', 'report', 'redact', 'refuse'] as const;
type ScanMode = (typeof MODES)[number];

/** The strictest of what the policies say; `redact` when none says anything. */
export function scanMode(policies: Policies, side: keyof PolicyScan): ScanMode {
  const said = policies.flatMap(({ policy }) => policy.scan?.[side] ?? []);
  if (said.length === 0) return 'redact';
  return said.reduce((a, b) => (MODES.indexOf(b) > MODES.indexOf(a) ? b : a));
}

/**
 * Looks through a JSON value for secrets of the profile and for what has the shape of a credential,
 * and replaces them in place. Returns what was found, in words, without any value.
 *
 * Throws `forbidden` / `SECRET_FOUND` when the mode is `refuse`.
 */
export async function scanValue(
  value: unknown,
  mode: ScanMode,
  secrets: KnownSecrets,
  where: string,
): Promise<readonly string[]> {
  const found = new Set<string>();
  const suspects = new Set<string>();
  replaceStrings(value, (text) => {
    const own = secrets.redact(text);
    if (own !== text) found.add('a secret of the profile');
    if (mode !== 'off' && mayHoldToken(own)) suspects.add(own);
    return own;
  });
  const replacements = new Map<string, string>();
  for (const text of suspects) {
    const shapes = await findTokenShapes(text);
    if (shapes.length === 0) continue;
    let clean = '';
    let from = 0;
    for (const { what, start, end } of shapes) {
      found.add(what);
      clean += `${text.slice(from, start)}[redacted: ${what}]`;
      from = end;
    }
    replacements.set(text, clean + text.slice(from));
  }
  if (mode === 'refuse' && found.size > 0) {
    throw new PortolanError(
      'forbidden',
      'SECRET_FOUND',
      `${where} hold ${[...found].join(' and ')}, which the policy does not let pass`,
    );
  }
  if (mode === 'redact' && replacements.size > 0) {
    replaceStrings(value, (text) => replacements.get(text) ?? text);
  }
  return [...found];
}
