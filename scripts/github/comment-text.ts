import type { CaptureResult } from './captures.ts';
import { code, words } from './markdown.ts';
import type { EntryReview } from './review-entry.ts';

/** Marks the one comment that is made and then changed. */
export const REVIEW_MARKER = '<!-- portolan: review of the registry -->';

const MAX_ENTRIES = 40;
const MAX_LINES = 25;

export interface ReviewOfPull {
  readonly reviews: readonly EntryReview[];
  /** undefined: the check that runs the servers did not finish. */
  readonly captures: readonly CaptureResult[] | undefined;
  readonly headSha: string;
  readonly runUrl: string;
  readonly previewUrl: string | undefined;
}

/** The comment on a pull request, in Markdown. */
export function commentText(pull: ReviewOfPull): string {
  const { reviews, headSha, runUrl, previewUrl } = pull;
  const shown = reviews.slice(0, MAX_ENTRIES);
  const links = [
    ...(previewUrl ? [`[preview of the site](${previewUrl})`] : []),
    `[run of the checks](${runUrl})`,
  ];
  return [
    '### What this changes in the registry',
    '',
    ...(reviews.length === 0 ? ['No entry of the registry.'] : table(shown, pull.captures)),
    ...(reviews.length > shown.length ? ['', `And ${reviews.length - shown.length} more.`] : []),
    ...shown.flatMap((review) => details(review, captureOf(pull.captures, review.name))),
    '',
    `<sub>For commit ${headSha.slice(0, 10)}: ${links.join(', ')}. Values from the pull request are shown as they are, not vouched for.</sub>`,
  ].join('\n');
}

function table(
  reviews: readonly EntryReview[],
  captures: readonly CaptureResult[] | undefined,
): string[] {
  return [
    '| Entry | Change | Version | Validation | Permissions | Tools as committed |',
    '| --- | --- | --- | --- | --- | --- |',
    ...reviews.map((review) => {
      const { name, change, findings, permissions } = review;
      const faults = findings.length;
      return `| ${[
        code(name),
        change,
        versions(review),
        faults === 0 ? 'valid' : `**${faults} ${faults === 1 ? 'finding' : 'findings'}**`,
        permissions.length === 0 ? 'unchanged' : `**${permissions.length} changed**`,
        captureWord(captureOf(captures, name)),
      ].join(' | ')} |`;
    }),
  ];
}

function versions({ before, after }: EntryReview): string {
  if (before === undefined || after === undefined || before === after) {
    const only = after ?? before;
    return only === undefined ? '' : code(only, 64);
  }
  return `${code(before, 64)} to ${code(after, 64)}`;
}

function captureOf(captures: readonly CaptureResult[] | undefined, name: string) {
  return captures?.find((capture) => capture.name === name);
}

function captureWord(capture: CaptureResult | undefined): string {
  switch (capture?.result) {
    case 'same':
      return 'as captured';
    case 'differs':
      return '**differ from the running server**';
    case 'failed':
      return '**could not be captured**';
    case 'skipped':
      return 'not captured';
    default:
      return 'not checked';
  }
}

function details(review: EntryReview, capture: CaptureResult | undefined): string[] {
  const { name, title, findings, permissions, tools } = review;
  const parts = [
    ...section(
      'Permissions',
      permissions.map((line) => code(line)),
    ),
    ...section(
      'Findings',
      findings.map(
        ({ file, line, field, fact, remedy }) =>
          `${code(`${file}:${line}`)} ${field ? `${code(field)} ` : ''}${words(fact)}; ${words(remedy)}`,
      ),
    ),
    ...section(
      'Tools, prompts and resources',
      tools.map((line) => code(line)),
    ),
    ...section(
      capture?.result === 'skipped' ? 'Why it was not captured' : 'What the capture says',
      capture?.result === 'same' ? [] : (capture?.lines ?? []).map((line) => code(line)),
    ),
  ];
  if (parts.length === 0) return [];
  return [
    '',
    `<details><summary>${words(title ?? name, 80)} (${words(name, 64)})</summary>`,
    '',
    ...parts,
    '</details>',
  ];
}

function section(title: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  const more = lines.length - MAX_LINES;
  return [
    `**${title}**`,
    '',
    ...lines.slice(0, MAX_LINES).map((line) => `- ${line}`),
    ...(more > 0 ? [`- and ${more} more`] : []),
    '',
  ];
}
