import { permissionWords } from '../../core/entry/permission-words.ts';
import { cardWords, plural, searchWords } from './messages-live.ts';

/**
 * Every text of the site's interface. A fork translates or renames here; facts about servers come
 * from the catalog. Keep sentences short, plain and exact. The few texts that scripts say in the
 * browser are in messages-live.ts, so that pages do not load all the others.
 */

export * from './messages-live.ts';

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
  failed: 'This could not be loaded. Check the connection, then choose the client again.',
  inFile: (path: string) => `In ${path}`,
  copy: 'Copy',
  secretNext: 'Then give the gateway the secret; it asks for the value and stores it encrypted:',
  signInNext: 'Then sign in; the gateway opens the browser and keeps the token:',
  linkNote: 'The button opens the client with exactly this.',
  directMissing: 'This client cannot reach this server directly; use the gateway.',
} as const;

export const messages = {
  ...cardWords,
  nav: {
    skip: 'Skip to content',
    label: 'Main',
    catalog: 'Catalog',
    new: 'What’s new',
    statistics: 'Statistics',
    docs: 'Docs',
    contribute: 'Contribute',
    theme: 'Switch between light and dark',
  },
  footer: {
    development: 'Signed with a development key: for this machine only.',
    signed: 'Every entry is signed and pinned.',
    source: 'Source',
    feed: 'Atom feed',
  },
  kindsLong: {
    container: 'Container image, run isolated on your machine',
    npm: 'npm package, run isolated on your machine',
    remote: 'Hosted by its publisher',
  },
  verifiedNot: 'Not verified by this catalog',
  verifiedHow: {
    'github-org': 'Verified: the source lives in the publisher’s GitHub organisation',
    dns: 'Verified: the endpoint is under the publisher’s own domain',
  },

  catalog: {
    title: 'Find an MCP server you can trust',
    lead: (count: number) =>
      `${plural(count, 'server', 'servers')}, each one reviewed, pinned and signed. The gateway verifies what it fetches and runs it with only the permissions listed here.`,
    search: 'Search servers',
    placeholder: 'Search by name, tool or topic',
    filters: 'Filters',
    clear: 'Clear all',
    all: 'All servers',
    ...searchWords,
    sort: 'Sort',
    sorts: {
      relevance: 'Best match',
      name: 'Name',
      newest: 'Newest',
      updated: 'Recently updated',
      tools: 'Most tools',
      downloads: 'Most downloads',
    },
    more: 'Show more',
    browse: 'Browse',
    letters: 'All servers from A to Z',
    empty: 'Nothing matches all of this.',
    emptyHelp:
      'Check the spelling, remove a filter, or search the full text of tools, readmes and documentation.',
    facets: {
      category: 'Category',
      kind: 'Kind',
      network: 'Network access',
      signIn: 'Sign-in',
      verified: 'Publisher',
      signedBy: 'Signed by',
      client: 'Direct use in',
    },
    clientHint: 'Through the gateway every client can use every server.',
    signer: (signer: string) => {
      if (signer === 'none') return 'Not signed';
      if (signer === 'development') return 'Development key';
      if (signer === 'keyless') return 'Sigstore';
      return signer
        .replace(/^key:/, 'Key ')
        .replace(/^https:\/\/(github\.com\/)?/, '')
        .replace(/\/\.github\/workflows\//, ' ')
        .replace(/@refs\/.*$/, '');
    },
    verifiedYes: 'Verified',
    verifiedNo: 'Not verified',
    noScript: 'Search and filters need JavaScript. Without it, browse by category or from A to Z.',
  },

  server: {
    ...installWords,
    by: 'by',
    version: 'Version',
    updated: 'published',
    install: 'Install',
    installLead:
      'Through the gateway: it verifies the signature, runs the server isolated and keeps its secrets.',
    direct: 'Without the gateway',
    directNote:
      'Without the gateway nothing is verified or isolated, and secrets lie in the client’s own file.',
    ...permissionWords,
    permissions: 'Permissions',
    permissionsLead: 'All that it may touch. The gateway grants nothing else.',
    settings: 'Settings',
    parameter: 'Parameter',
    secret: 'Secret',
    required: 'required',
    default: 'Default',
    oneOf: 'One of',
    getIt: 'Get it',
    tools: 'Tools',
    toolsLead:
      'The signed definitions. If the running server offers anything else, the gateway withholds it.',
    toolsOf: (title: string) => `Tools of ${title}`,
    toolsAll: 'Every tool with its inputs.',
    toolsBack: (title: string) => `Back to ${title}`,
    toolsDynamic: 'The tools of this server are listed live:',
    noInput: 'Takes no input.',
    input: 'Input',
    type: 'Type',
    meaning: 'Meaning',
    raw: 'Raw schema',
    reads: 'reads',
    writes: 'writes',
    destructive: 'can destroy',
    prompts: 'Prompts',
    resourcesTitle: 'Resources',
    resources: (count: number) => plural(count, 'resource', 'resources'),
    trust: 'Trust',
    trustLead: 'Check it yourself; nothing here needs to be believed.',
    digest: 'Artifact',
    signedBy: 'Signed by',
    signedDevelopment: 'A development key. Only the machine that made it should trust this.',
    signedKey: 'Key',
    signedNone: 'Not signed',
    log: 'Transparency log entry',
    sourceCommit: 'Source',
    lockfile: 'Locked dependency tree',
    sbom: 'Bill of materials (CycloneDX)',
    pinned: 'Pinned to',
    endpoint: 'Endpoint',
    captured: 'Tools captured from',
    verify: 'Verify it yourself',
    history: 'Versions',
    firstVersion: 'First version.',
    noChanges: 'Nothing that a reader would notice.',
    asksForMore: 'asks for more',
    readme: 'About',
    facts: 'Facts',
    license: 'License',
    publisher: 'Publisher',
    categories: 'Categories',
    tags: 'Tags',
    links: 'Links',
    sourceLink: 'Source code',
    homepage: 'Home page',
    documentation: 'Documentation',
    entryFile: 'Entry (YAML)',
    suggest: 'Suggest a change',
    compare: 'Compare with others',
    asJson: 'JSON',
    asMarkdown: 'Markdown',
    badge: 'Badge',
    feed: 'Feed of versions',
    deprecated: 'This server is deprecated.',
    withdrawn:
      'This server was withdrawn. It is no longer offered and the gateway does not run it.',
    replacement: 'Use instead:',
  },
  /** The page that shows any server of a catalog with too many for a page each. */
  anyServer: {
    title: 'Server',
    lead: 'What a server does, what it may touch, its tools, and how to install it.',
    loading: 'Loading the server …',
    none: 'The address names no server.',
    missing: 'The server was never listed in this catalog, or is no longer:',
    failed: 'The server could not be loaded. Check the connection, then try again.',
    retry: 'Try again',
    noScript:
      'This catalog is so large that its servers are shown by JavaScript. Without it, read a server’s entry in Git, or ask the command line; NAME is the end of the address of this page:',
    folder: 'Entries in Git',
  },
  changes: {
    kinds: {
      network: 'network',
      folder: 'folder',
      secret: 'secret',
      parameter: 'parameter',
      tool: 'tool',
      source: 'package',
      words: 'text',
    },
    what: { added: 'Added', removed: 'Removed', changed: 'Changed' },
  },
  lists: {
    categories: 'Categories',
    categoriesLead: 'Every category, with the number of its servers.',
    tags: 'Tags',
    tagsLead: 'Words that servers are tagged with.',
    publishers: 'Publishers',
    publishersLead: 'Who makes the servers.',
    letters: 'A to Z',
    tag: (tag: string) => `Tagged “${tag}”`,
    publisher: (name: string) => `Servers by ${name}`,
    letter: (letter: string) => `Servers: ${letter}`,
    page: (number: number) => `page ${number}`,
    pageOf: (number: number, count: number) => `Page ${number} of ${count}`,
    previous: 'Previous',
    next: 'Next',
    pages: 'Pages',
    none: 'No server yet.',
  },
  news: {
    lead: 'Servers that joined the catalog, and new versions of those that were there.',
    updated: 'New versions',
    added: 'New servers',
  },
  statistics: {
    lead: 'What the catalog holds, and how carefully it is held.',
    asTable: 'As a table',
    servers: 'servers',
    tools: 'tools with signed definitions',
    signed: 'signed',
    pinned: 'run from a pinned digest; the rest are hosted by their publishers',
    captured: 'with tools fixed at review',
    verified: 'by a verified publisher',
    noNetwork: 'without any network',
    noSignIn: 'without a key or sign-in',
    byKind: 'By kind',
    byNetwork: 'By network access',
    bySignIn: 'By sign-in',
    byTools: 'By number of signed tools',
    byCategory: 'By category',
    byLicense: 'By license',
    byAge: 'By age of the pinned version',
    toolBands: [
      ['none', 0],
      ['1 to 5', 5],
      ['6 to 15', 15],
      ['16 to 40', 40],
      ['more than 40', Number.POSITIVE_INFINITY],
    ],
    ageBands: [
      ['up to a week', 7],
      ['up to a month', 31],
      ['up to three months', 92],
      ['up to a year', 366],
      ['older', Number.POSITIVE_INFINITY],
    ],
  },
  contribute: {
    lead: 'A server joins the catalog with one file and one pull request. Checks answer within minutes.',
    how: 'How to add a server',
    steps: [
      'Clone the repository and run one command; it writes the entry from what the package or image says about itself.',
      'Read what it wrote. Say what the server does in one or two sentences, and declare only the permissions that it needs.',
      'Run the checks, commit the folder, and open a pull request.',
    ],
    folder: 'The registry folder',
    fields: 'Fields of server.yaml',
    fieldsLead: 'From the JSON Schema, which editors use to complete and check as you type.',
    field: 'Field',
    example: 'Example:',
  },
  docs: {
    title: 'Documentation',
    lead: 'How the catalog and the gateway work, and how to run your own.',
    all: 'All pages',
    rest: 'More',
    decisions: 'Decisions',
    edit: 'Edit this page',
    search: 'Search the documentation',
  },
  fullText: {
    title: 'Full-text search',
    lead: 'Searches descriptions, tools, readmes and the documentation.',
    button: 'Search',
  },
  compare: {
    title: 'Compare servers',
    lead: 'Up to four servers side by side: what they may touch, what they offer, who signs them.',
    add: 'Add a server by name',
    button: 'Add',
    remove: 'remove',
    description: 'What it does',
    versions: 'Versions',
    status: 'Status',
    missing: (names: string) => `Not in this catalog: ${names}`,
    noScript: 'Comparing needs JavaScript. Without it, open the servers in tabs of their own.',
  },
  notFound: {
    title: 'There is nothing at this address',
    lead: 'The page may have moved, or the server was never listed.',
    back: 'Search the catalog',
  },
} as const;
