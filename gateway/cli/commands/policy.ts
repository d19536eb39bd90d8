import type { Command } from 'commander';
import { type CatalogOptions, collect, withCatalogOptions } from '../catalog-access.ts';
import { withHelp } from '../help.ts';

/** Options of `portolan policy test`. */
export interface PolicyTestOptions extends CatalogOptions {
  readonly set: readonly string[];
  readonly isolation: string;
  readonly json?: true;
}

/** `portolan policy`: what may be used here, and which rule says so. */
export function registerPolicy(program: Command): void {
  const policy = program
    .command('policy')
    .summary('show and test what the policy allows')
    .description(
      "Policies restrict catalogs, servers, tools, permissions, secrets and calls. The organisation's file stands above the user's; of both the stricter wins.",
    );
  withHelp(policy.command('show'), {
    examples: [['See what applies here', 'portolan policy show']],
  })
    .summary('show the policies that apply, and check them')
    .description('Shows the policies that apply on this machine, and checks that they can be read.')
    .option('--json', 'print JSON')
    .action(async (options: { json?: true }) => {
      const { showPolicies } = await import('./policy-actions.ts');
      await showPolicies(options);
    });
  const test = withCatalogOptions(
    policy
      .command('test')
      .argument('[server]', 'a server, as NAME or NAME@VERSION')
      .argument('[tool]', 'one of its tools')
      .summary('say what the policy makes of a server or a tool, and which rule it is')
      .description(
        'Says what the policy makes of every server, of one server, or of one of its tools, and which rule it is. Starts nothing. Ends with code 7 when the server or tool is refused.',
      ),
  );
  withHelp(test, {
    examples: [
      ['What of the catalog may be used', 'portolan policy test'],
      ['Ask for one tool', 'portolan policy test github delete_repository'],
    ],
    exits: { 7: 'the server or tool is refused' },
  })
    .option('--set <server.parameter=value>', 'a setting, as for run (repeatable)', collect, [])
    .option('--isolation <mode>', 'isolation that the server would run with', 'auto')
    .option('--json', 'print JSON')
    .action(
      async (server: string | undefined, tool: string | undefined, options: PolicyTestOptions) => {
        const { testPolicies } = await import('./policy-actions.ts');
        await testPolicies(server, tool, options);
      },
    );
}
