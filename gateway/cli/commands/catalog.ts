import type { Command } from 'commander';
import { collect } from '../catalog-access.ts';
import type { TrustOptions } from '../trust-options.ts';

export interface AddOptions extends TrustOptions {
  readonly name?: string;
  readonly replace?: true;
}

/** `portolan catalog`: the catalogs that the other commands read. */
export function registerCatalog(program: Command): void {
  const catalog = program
    .command('catalog')
    .summary('the catalogs to take servers from')
    .description('Adds, lists, checks and removes the catalogs that the other commands read.');
  const actions = () => import('./catalog-actions.ts');
  catalog
    .command('add')
    .argument('<source>', 'oci://HOST/REPOSITORY or oci-layout:PATH')
    .description('Verifies a catalog and remembers it with the signer that you trust.')
    .option('--name <name>', "short name; the catalog's title when absent")
    .option('--replace', 'replace the catalog of the same name')
    .option('--key <file>', 'public key that the catalog is signed with (repeatable)', collect)
    .option('--identity <subject>', 'identity that signs the catalog, instead of a key')
    .option('--issuer <url>', 'who vouches for that identity')
    .option('--trusted-root <file>', "Sigstore's trusted root, instead of the one that ships")
    .action(async (source: string, options: AddOptions) =>
      (await actions()).addCatalog(source, options),
    );
  catalog
    .command('ls')
    .description('Lists the catalogs in the order in which they are asked.')
    .option('--json', 'print JSON')
    .action(async (options: { json?: true }) => (await actions()).listCatalogs(options));
  catalog
    .command('status')
    .argument('[name]', 'one catalog; all when absent')
    .description('Verifies catalogs and explains how fresh and how trustworthy they are.')
    .option('--json', 'print JSON')
    .action(async (name: string | undefined, options: { json?: true }) =>
      (await actions()).catalogStatus(name, options),
    );
  catalog
    .command('update')
    .argument('[name]', 'one catalog; all when absent')
    .description('Fetches the newest catalog, and says what is new in it.')
    .action(async (name: string | undefined) => (await actions()).updateCatalogs(name));
  catalog
    .command('rm')
    .argument('<name>', 'catalog to forget')
    .description('Forgets a catalog. Nothing that runs is stopped.')
    .action(async (name: string) => (await actions()).removeCatalog(name));
  catalog
    .command('reset')
    .argument('<name|source>', 'catalog whose newest number to forget')
    .description(
      'Forgets the newest number seen of a catalog, after its owner confirmed that it was rebuilt.',
    )
    .action(async (name: string) => (await actions()).resetCatalog(name));
}
