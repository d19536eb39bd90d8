import type { Area } from '../api/types.ts';
import type { Child } from './dom.ts';

/** The place that a page fills, and what it may do there. */
export interface View {
  /** What the address names, e.g. a server. */
  readonly name: string;
  readonly query: URLSearchParams;
  /** Ends when the page is left. */
  readonly signal: AbortSignal;
  /** Shows the page's content in place of what was there. */
  show(...content: readonly Child[]): void;
  /** Runs now and whenever one of the areas has changed; errors are shown in place of the page. */
  follow(areas: readonly Area[], load: () => Promise<void>): Promise<void>;
  /** Goes to another page. */
  go(address: string): void;
  /** Says something to screen readers. */
  say(text: string): void;
}

export interface Page {
  /** In the navigation and in the title of the window. */
  readonly title: string;
  /** A drawing of 20 by 20, beside the title. */
  readonly icon: string;
  readonly open: (view: View) => Promise<void>;
}
