import type { ListItem, SiteData } from '../../../scripts/site/model.ts';

/** What pages know of the whole catalog. */
export interface Provided {
  readonly site: SiteData;
  /** Every server, sorted by name; withdrawn ones too. Empty where only servers' pages are made. */
  readonly list: readonly ListItem[];
  /** Folder of the documentation. */
  readonly docs: string;
}

let provided: Provided | undefined;

/** Must be called before the first page is rendered. */
export function provide(data: Provided): void {
  provided = data;
}

export function data(): Provided {
  if (!provided) throw new TypeError('provide() was not called');
  return provided;
}

export const site = (): SiteData => data().site;

/** Servers that are offered: not withdrawn. */
export const offered = (): readonly ListItem[] =>
  data().list.filter(({ status }) => status !== 'withdrawn');
