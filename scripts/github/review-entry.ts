import type { ServerEntry } from '../../core/entry/types.generated.ts';
import { offerChanges } from '../contribute/capture/offer.ts';
import type { Finding } from '../registry/finding.ts';
import type { LoadedServer } from '../registry/load.ts';

/** What a pull request does to one entry, for the person who reviews it. */
export interface EntryReview {
  readonly name: string;
  readonly change: 'added' | 'changed' | 'removed';
  readonly title: string | undefined;
  readonly before: string | undefined;
  readonly after: string | undefined;
  readonly findings: readonly Finding[];
  /** What it may do now that it could not before, and the other way round; one line each. */
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
  return {
    name,
    change: !after ? 'removed' : before ? 'changed' : 'added',
    title: after?.entry?.title ?? before?.entry?.title,
    before: before?.entry?.version,
    after: after?.entry?.version,
    findings,
    permissions: after?.entry ? permissionLines(before?.entry, after.entry) : [],
    tools: captured ? offerChanges(before?.tools?.captured, captured) : [],
  };
}

function permissionLines(_before: ServerEntry | undefined, _after: ServerEntry): string[] {
  return [];
}
