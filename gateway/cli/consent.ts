import { renderDiff } from '../../core/entry/render-diff.ts';
import { PortolanError } from '../../core/errors.ts';
import type { Replacement } from '../profile/replace-profile.ts';
import type { ServerUpdate } from '../profile/update-profile.ts';
import { visible } from '../relay/render-diff.ts';

/** How a user agrees: at a terminal, or beforehand with `--yes`. */
export interface ConsentOptions {
  readonly yes?: true;
  readonly json?: true;
}

/** Whether somebody can be asked. */
export function canAsk({ json }: ConsentOptions): boolean {
  return process.stdin.isTTY && !json;
}

/** Asks at a terminal; the answer is no unless it is yes. Throws `forbidden` / `CANCELLED` on Ctrl-C. */
export async function confirmed(message: string): Promise<boolean> {
  const [{ confirm }, { answered }] = await Promise.all([
    import('@clack/prompts'),
    import('./answered.ts'),
  ]);
  return answered(confirm({ message, initialValue: false, output: process.stderr }));
}

/** What is thrown where something widens and nobody is there to ask; `look` shows it. */
export function consentNeeded(what: string, look: string): PortolanError {
  return new PortolanError(
    'forbidden',
    'CONSENT_NEEDED',
    `${what}, and nobody is there to ask; look at it with ${look}, then agree with --yes. Nothing was changed`,
  );
}

/** The differences of one server as a block of text; `+` and `!` mark what widens. */
export function describeChange(
  change: Pick<ServerUpdate, 'server' | 'permissions' | 'tools' | 'notes'>,
  step: string,
): string {
  const { server, permissions, tools, notes } = change;
  const lines = [
    ...notes.map((text) => `  ! ${visible(text)}`),
    ...renderDiff(permissions, tools).map((line) => `  ${line}`),
  ];
  if (lines.length === 0) lines.push('  asks for nothing new, offers the same tools');
  return [`${server}  ${step}`, ...lines].join('\n');
}

/** The replacement of a profile as text. */
export function describeReplacement({ servers, notes }: Replacement): string {
  return [
    ...notes.map((text) => `! ${visible(text)}`),
    ...servers.map((change) => {
      const { from, to } = change;
      if (change.change === 'removed') return `${change.server}  is no longer there`;
      const now = to?.version ?? 'not locked';
      if (change.change === 'added') return describeChange(change, `${now}, not there before`);
      return describeChange(
        change,
        from?.version === now ? now : `${from?.version ?? 'not locked'} -> ${now}`,
      );
    }),
  ].join('\n');
}

/**
 * Asks before a profile is replaced by one that lets a server do more. Shows the differences first,
 * unless JSON is wanted. Throws `forbidden` with `CONSENT_NEEDED` where nobody can be asked, and
 * with `CANCELLED` for a no.
 */
export async function agreeToReplace(
  replacement: Replacement,
  name: string,
  options: ConsentOptions & { readonly dryRun?: true },
  look: string,
): Promise<void> {
  const text = describeReplacement(replacement);
  if (!options.json && text !== '') process.stdout.write(`${text}\n`);
  if (options.dryRun || options.yes || !replacement.widens) return;
  if (!canAsk(options)) {
    const wider = replacement.servers.filter(({ widens }) => widens).map(({ server }) => server);
    throw consentNeeded(
      `${wider.join(', ') || `the profile ${name}`} would be allowed or offer more than before`,
      look,
    );
  }
  if (await confirmed(`Replace the profile ${name}, with what is marked with + and !?`)) return;
  throw new PortolanError(
    'forbidden',
    'CANCELLED',
    `the profile ${name} stays as it was; nothing was changed`,
  );
}
