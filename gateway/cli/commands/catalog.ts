import type { Command } from 'commander';
import { collect } from '../catalog-access.ts';
import { withHelp } from '../help.ts';
import type { TrustOptions } from '../trust-options.ts';

export interface AddOptions extends TrustOptions {
  readonly name?: string;
  readonly replace?: true;
  readonly json?: true;
}

/** `portolan catalog`: the catalogs that the other commands read. */
export function registerCatalog(program: Command): void {
  const catalog = program
    .command('catalog')
    .summary('the catalogs to take servers from')
    .description('Adds, lists, checks and removes the catalogs that the other commands read.');
  const actions = () => import('./catalog-actions.ts');
  withHelp(catalog.command('add'), {
    examples: [
      [
        'Add a catalog and pin it to its public key',
        'portolan catalog add oci://ghcr.io/example/catalog --key catalog.pub',
      ],
      [
        'Add one that a workflow on GitHub signs',
        'portolan catalog add oci://ghcr.io/example/catalog --identity https://github.com/example/catalog/.github/workflows/publish.yml@refs/heads/main --issuer https://token.actions.githubusercontent.com',
      ],
      ['Keep the catalog of this build beside your own', 'portolan catalog add default'],
      [
        'Add one without a network',
        'portolan catalog add oci-layout:/media/catalog.tar --key catalog.pub',
      ],
    ],
    exits: { 6: 'someone else signed it' },
  })
    .argument(
      '<source>',
      'oci://HOST/REPOSITORY, oci-layout:PATH, or default for that of this build',
    )
    .description('Verifies a catalog and remembers it with the signer that you trust.')
    .option('--name <name>', "short name; the catalog's title when absent")
    .option('--replace', 'replace the catalog of the same name')
    .option('--key <file>', 'public key that the catalog is signed with (repeatable)', collect)
    .option('--identity <subject>', 'identity that signs the catalog, instead of a key')
    .option('--issuer <url>', 'who vouches for that identity')
    .option('--trusted-root <file>', "Sigstore's trusted root, instead of the one that ships")
    .option('--json', 'print JSON')
    .action(async (source: string, options: AddOptions) =>
      (await actions()).addCatalog(source, options),
    );
  withHelp(catalog.command('ls'), { examples: [['List them', 'portolan catalog ls']] })
    .description('Lists the catalogs in the order in which they are asked.')
    .option('--json', 'print JSON')
    .action(async (options: { json?: true }) => (await actions()).listCatalogs(options));
  withHelp(catalog.command('status'), {
    examples: [['See how old they are and who signed them', 'portolan catalog status']],
    exits: { 1: 'a catalog cannot be used' },
  })
    .argument('[name]', 'one catalog; all when absent')
    .description('Verifies catalogs and explains how fresh and how trustworthy they are.')
    .option('--json', 'print JSON')
    .action(async (name: string | undefined, options: { json?: true }) =>
      (await actions()).catalogStatus(name, options),
    );
  withHelp(catalog.command('update'), {
    examples: [
      ['Fetch all of them', 'portolan catalog update'],
      ['Fetch one', 'portolan catalog update default'],
    ],
  })
    .argument('[name]', 'one catalog; all when absent')
    .description('Fetches the newest catalog, and says what is new in it.')
    .option('--json', 'print JSON')
    .action(async (name: string | undefined, options: { json?: true }) =>
      (await actions()).updateCatalogs(name, options),
    );
  withHelp(catalog.command('rm'), { examples: [['Forget it', 'portolan catalog rm example']] })
    .argument('<name>', 'catalog to forget')
    .description('Forgets a catalog. Nothing that runs is stopped.')
    .option('--json', 'print JSON')
    .action(async (name: string, options: { json?: true }) =>
      (await actions()).removeCatalog(name, options),
    );
  withHelp(catalog.command('reset'), {
    examples: [['After its owner said that it was rebuilt', 'portolan catalog reset example']],
  })
    .argument('<name|source>', 'catalog whose newest number to forget')
    .description(
      'Forgets the newest number seen of a catalog, after its owner confirmed that it was rebuilt.',
    )
    .option('--json', 'print JSON')
    .action(async (name: string, options: { json?: true }) =>
      (await actions()).resetCatalog(name, options),
    );
}
