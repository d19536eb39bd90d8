/** Texts that scripts say in the browser; all others are in messages.ts. */
export const LANGUAGE = 'en';

export const plural = (count: number, one: string, many: string): string =>
  `${count.toLocaleString(LANGUAGE)} ${count === 1 ? one : many}`;

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

/** What the full-text search says in the browser. */
export const fullTextWords = {
  searching: 'Searching …',
  found: (count: number, text: string) =>
    `${count === 0 ? 'Nothing' : plural(count, 'page', 'pages')} found for “${text}”`,
  failed: 'The search could not be loaded. Reload the page to try again.',
} as const;

/** What the install panel says; the browser has these for the direct way. */
export const installWords = {
  client: 'Client',
  terminal: 'In a terminal',
  inFile: (path: string) => `In ${path}`,
  copy: 'Copy',
  secretNext: 'Then give the gateway the secret; it asks for the value and stores it encrypted:',
  signInNext: 'Then sign in; the gateway opens the browser and keeps the token:',
  linkNote: 'The button opens the client with exactly this.',
  directMissing: 'This client cannot reach this server directly; use the gateway.',
} as const;
