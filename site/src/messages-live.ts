/** Texts that scripts say in the browser; all others are in messages.ts. */
export const LANGUAGE = 'en';

const numbers = new Intl.NumberFormat(LANGUAGE);

export const plural = (count: number, one: string, many: string): string =>
  `${numbers.format(count)} ${count === 1 ? one : many}`;

/** What a server's card says; the browser has these too. */
export const cardWords = {
  kinds: { container: 'Container', npm: 'npm', remote: 'Remote' },
  network: {
    none: 'No network',
    hosts: 'Named hosts only',
    any: 'Any host',
    remote: 'Runs elsewhere',
  },
  signIn: { none: 'No sign-in', secret: 'Needs a key', oauth: 'Sign-in with OAuth' },
  status: { active: 'Active', deprecated: 'Deprecated', withdrawn: 'Withdrawn' },
  tools: (count: number, dynamic: boolean) =>
    count === 0 && dynamic ? 'Tools listed live' : plural(count, 'tool', 'tools'),
  verified: 'verified',
} as const;

/** What the search of the catalog page says in the browser. */
export const searchWords = {
  found: (count: number) => (count === 0 ? 'No server found' : plural(count, 'server', 'servers')),
  loading: 'Loading the catalog …',
  failed: 'The catalog index could not be loaded. Reload the page, or browse by category below.',
  deep: (query: string) => `Search the full text for “${query}”`,
} as const;
