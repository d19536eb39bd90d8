import { counted } from '../../core/text.ts';
import type { Bumped } from '../contribute/bump/bump-entry.ts';
import type { HealthFinding } from '../contribute/health/health.ts';
import { code, words } from './markdown.ts';

export const HEALTH_MARKER = '<!-- portolan: health of the registry -->';

const MAX_LINES = 20;

const TITLES: Readonly<Record<HealthFinding['kind'], string>> = {
  endpoint: 'Endpoints',
  certificate: 'Certificates',
  'sign-in': 'Sign-in',
  license: 'Licenses',
  package: 'Packages',
  tombstone: 'Deprecated and withdrawn entries',
};

/** The issue about what is wrong outside, in Markdown; undefined when nothing is. */
export function healthText(findings: readonly HealthFinding[]): string | undefined {
  if (findings.length === 0) return undefined;
  const kinds = (Object.keys(TITLES) as HealthFinding['kind'][]).filter((kind) =>
    findings.some((finding) => finding.kind === kind),
  );
  return [
    'Found by the nightly check; this text is replaced each night, and the issue closes by itself.',
    ...kinds.flatMap((kind) => [
      '',
      `### ${TITLES[kind]}`,
      '',
      ...findings
        .filter((finding) => finding.kind === kind)
        .map(({ name, fact }) => `- ${code(name)}: ${words(fact)}`),
    ]),
  ].join('\n');
}

/** Title and text of the pull request with all new releases. */
export function bumpText(bumped: readonly Bumped[], failed: readonly string[]) {
  const count = counted(bumped.length, 'server');
  return {
    title: `Bump ${count} to their newest release`,
    body: [
      'New releases, with lockfiles and tools made again by running each server isolated.',
      'Read what changed in its tools before you merge: a tool is an instruction to a model.',
      '',
      '| Entry | Version | Upstream | Tools |',
      '| --- | --- | --- | --- |',
      ...bumped.map(
        ({ name, from, to, release, tools }) =>
          `| ${code(name)} | ${code(`${from} to ${to}`)} | ${code(release)} | ${tools.length === 0 ? 'unchanged' : `**${tools.length} changes**`} |`,
      ),
      ...bumped.flatMap((entry) => details(entry)),
      ...(failed.length
        ? ['', '### Not bumped', '', ...failed.map((line) => `- ${code(line, 400)}`)]
        : []),
    ].join('\n'),
  };
}

function details({ name, permissions, tools, notes }: Bumped): string[] {
  const lines = [...permissions, ...tools, ...notes.map((note) => `check: ${note}`)];
  if (lines.length === 0) return [];
  const more = lines.length - MAX_LINES;
  return [
    '',
    `<details><summary>${words(name)}</summary>`,
    '',
    ...lines.slice(0, MAX_LINES).map((line) => `- ${code(line)}`),
    ...(more > 0 ? [`- and ${more} more`] : []),
    '',
    '</details>',
  ];
}
