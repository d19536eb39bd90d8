import type { Command } from 'commander';
import { type CatalogOptions, collect, withCatalogOptions } from '../catalog-access.ts';
import { withHelp } from '../help.ts';

export interface MigrateDockerOptions extends CatalogOptions {
  readonly from?: string;
  readonly export?: readonly string[];
  readonly only?: readonly string[];
  readonly profile?: string;
  readonly likely?: true;
  readonly map: readonly string[];
  readonly apply?: true;
  readonly replace?: true;
  readonly yes?: true;
  readonly json?: true;
}

/** `portolan migrate`: from other gateways to this one. */
export function registerMigrate(program: Command): void {
  const migrate = program
    .command('migrate')
    .summary('take over what another gateway has')
    .description('Takes over servers and settings from other gateways.');
  withHelp(withCatalogOptions(migrate.command('docker')), {
    examples: [
      ['See what would be taken over', 'portolan migrate docker'],
      ['Take over what matches exactly', 'portolan migrate docker --apply'],
      [
        'Say which entry a server is',
        'portolan migrate docker --map github-official=github --apply',
      ],
      [
        'Read an exported profile',
        'portolan migrate docker --export profile.json --profile work --apply',
      ],
    ],
    notes:
      "Reads Docker's files and changes none of them. Values of secrets are not read: Docker gives none back.",
    exits: {
      7: 'with --replace, a server would be allowed more than before, and nobody agreed',
      1: 'a file could not be read, or a profile had nothing to take over; the rest was',
    },
  })
    .description(
      "Plans how to move from Docker's MCP Toolkit: for each of its servers the entry of your catalogs, settings, tools, secrets and sign-ins, and for each client the command that connects it here. Writes profiles with --apply only.",
    )
    .option(
      '--from <folder>',
      "Docker's configuration folder; $DOCKER_CONFIG or ~/.docker when absent",
    )
    .option(
      '--export <file>',
      'read a file of `docker mcp profile export` instead (repeatable)',
      collect,
    )
    .option('--only <name>', "take this profile of Docker's only (repeatable)", collect)
    .option('--profile <name|path>', 'what to call the profile here, when it is one')
    .option('--likely', 'take also entries that are likely the server, but not for sure')
    .option(
      '--map <docker=entry>',
      "the entry that a server of Docker's is (repeatable)",
      collect,
      [],
    )
    .option('--apply', 'write the profiles')
    .option(
      '--replace',
      'take the place of profiles of these names; asks before a server may do more',
    )
    .option('--yes', 'agree to everything that is shown')
    .option('--json', 'print JSON')
    .action(async (options: MigrateDockerOptions) =>
      (await import('./migrate-actions.ts')).migrateDocker(options),
    );
}
