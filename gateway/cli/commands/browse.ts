import type { Command } from 'commander';
import { type CatalogOptions, withCatalogOptions } from '../catalog-access.ts';
import { withHelp } from '../help.ts';

export interface SearchOptions extends CatalogOptions {
  readonly category?: string;
  readonly limit: string;
  readonly json?: true;
}

export interface ShowOptions extends CatalogOptions {
  readonly json?: true;
}

/** `portolan search`, `show` and `verify`: what there is, and whether it holds. */
export function registerBrowse(program: Command): void {
  const actions = () => import('./browse-actions.ts');
  const search = withCatalogOptions(
    program
      .command('search')
      .argument('[words...]', 'words of a name, description, tag or tool; all servers when absent')
      .summary('find servers')
      .description(
        'Finds servers by words of their names, descriptions, tags and tools, best first.',
      ),
  );
  withHelp(search, {
    examples: [
      ['Find servers for a browser', 'portolan search browser'],
      ['List a category', 'portolan search --category databases --limit 100'],
      ['Only the names', "portolan search git --json | jq -r '.[].name'"],
    ],
  })
    .option('--category <id>', 'only servers of this category')
    .option('--limit <number>', 'at most this many', '20')
    .option('--json', 'print JSON')
    .action(async (words: string[], options: SearchOptions) =>
      (await actions()).searchServers(words, options),
    );
  const show = withCatalogOptions(
    program
      .command('show')
      .argument('<server>', 'NAME or NAME@VERSION')
      .summary('everything about a server')
      .description('Shows what a server does, may touch and needs, its tools, and who signed it.'),
  );
  withHelp(show, {
    examples: [
      ['Read before you add', 'portolan show playwright'],
      ['Look at an older version', 'portolan show playwright@0.0.40'],
    ],
  })
    .option('--json', 'print JSON')
    .action(async (server: string, options: ShowOptions) =>
      (await actions()).showServer(server, options),
    );
  const verify = withCatalogOptions(
    program
      .command('verify')
      .argument('[servers...]', 'NAME or NAME@VERSION; every server of the catalogs when absent')
      .summary('check signatures and digests')
      .description('Fetches servers with all their parts and checks every signature and digest.'),
  );
  withHelp(verify, {
    examples: [
      ['Check every server of the catalogs', 'portolan verify'],
      ['Check one', 'portolan verify context7'],
    ],
    exits: { 5: 'a signature or digest does not hold' },
  })
    .option('--json', 'print JSON')
    .action(async (servers: string[], options: ShowOptions) =>
      (await actions()).verifyServers(servers, options),
    );
}
