import { permissionDiff } from '../../core/entry/permission-diff.ts';
import { renderDiff } from '../../core/entry/render-diff.ts';
import { toolDiff } from '../../core/entry/tool-diff.ts';
import { offerChanges } from '../contribute/capture/offer.ts';
import type { Finding } from '../registry/finding.ts';
import type { LoadedServer } from '../registry/load.ts';

/** What a pull request does to one entry, for the person who reviews it. */
export interface EntryReview {
  readonly name: string;
  readonly change: 'added' | 'changed' | 'removed';
  readonly title: string | undefined;
  /** Version of the entry on the base branch and in the pull request. */
  readonly before: string | undefined;
  readonly after: string | undefined;
  readonly findings: readonly Finding[];
  /** What it may do now that it could not before (`+`), and the other way round (`-`). */
  readonly permissions: readonly string[];
  /** Tools, prompts and resources that came, went or changed. */
  readonly tools: readonly string[];
}

/** Compares the two states of an entry; one of them may be missing, but not both. */
export function reviewEntry(
  name: string,
  before: LoadedServer | undefined,
  after: LoadedServer | undefined,
  findings: readonly Finding[],
): EntryReview {
  const captured = after?.tools?.captured;
  const permissions = after?.entry && permissionDiff(before?.entry, after.entry);
  return {
    name,
    change: !after ? 'removed' : before ? 'changed' : 'added',
    title: after?.entry?.title ?? before?.entry?.title,
    before: before?.entry?.version,
    after: after?.entry?.version,
    findings,
    permissions: permissions ? renderDiff(permissions, toolDiff([], [])) : [],
    tools: captured ? offerChanges(before?.tools?.captured, captured) : [],
  };
}
