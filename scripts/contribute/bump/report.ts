import type { Bumped } from './bump-entry.ts';

const MAX_PACKAGES = 12;

/** What a bump did, as lines for a terminal. */
export function bumpReport(bumped: Bumped): string {
  const { name, from, to, release, permissions, tools, packages, notes } = bumped;
  const more = packages.length - MAX_PACKAGES;
  return [
    `${name} ${from} -> ${to} (upstream ${release})`,
    ...section('permissions', permissions, 'unchanged'),
    ...section('tools', tools, 'unchanged'),
    ...section('packages', packages.slice(0, MAX_PACKAGES), 'unchanged'),
    ...(more > 0 ? [`    and ${more} more`] : []),
    ...(notes.length ? section('check', notes, '') : []),
  ].join('\n');
}

function section(title: string, lines: readonly string[], none: string): string[] {
  if (lines.length === 0) return [`  ${title}: ${none}`];
  return [`  ${title}:`, ...lines.map((line) => `    ${line}`)];
}
