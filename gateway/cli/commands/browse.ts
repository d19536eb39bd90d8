import type { Command } from 'commander';
import { type CatalogOptions, withCatalogOptions } from '../catalog-access.ts';

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
  withCatalogOptions(
    program
      .command('search')
      .argument('[words...]', 'words of a name, description, tag or tool; all servers when absent')
      .summary('find servers')
      .description(
        'Finds servers by words of their names, descriptions, tags and tools, best first.',
      ),
  )
    .option('--category <id>', 'only servers of this category')
    .option('--limit <number>', 'at most this many', '20')
    .option('--json', 'print JSON')
    .action(async (words: string[], options: SearchOptions) =>
      (await actions()).searchServers(words, options),
    );
  withCatalogOptions(
    program
      .command('show')
      .argument('<server>', 'NAME or NAME@VERSION')
      .summary('everything about a server')
      .description('Shows what a server does, may touch and needs, its tools, and who signed it.'),
  )
    .option('--json', 'print JSON')
    .action(async (server: string, options: ShowOptions) =>
      (await actions()).showServer(server, options),
    );
  withCatalogOptions(
    program
      .command('verify')
      .argument('[servers...]', 'NAME or NAME@VERSION; every server of the catalogs when absent')
      .summary('check signatures and digests')
      .description('Fetches servers with all their parts and checks every signature and digest.'),
  )
    .option('--json', 'print JSON')
    .action(async (servers: string[], options: ShowOptions) =>
      (await actions()).verifyServers(servers, options),
    );
}
