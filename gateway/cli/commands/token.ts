import type { Command } from 'commander';
import { withHelp } from '../help.ts';

/** `portolan token`: who may use the HTTP endpoint, and with which profile. */
export function registerToken(program: Command): void {
  const actions = () => import('./token-actions.ts');
  const token = program
    .command('token')
    .summary('named tokens for the HTTP endpoint, each with a profile')
    .description(
      'Keeps named tokens that let callers into every HTTP endpoint of this account. A token with a profile is served the servers, tools and secrets of that profile. Running gateways follow changes at once.',
    );
  withHelp(token.command('create').argument('<name>', 'whom it is for; stands in the audit log'), {
    examples: [
      ['A token for the servers of a profile', 'portolan token create alice --profile work'],
      ['Keep it in a file only', 'portolan token create ci --profile ci > ci.token'],
    ],
    notes: 'The token is printed once; only its hash is kept.',
  })
    .description('Makes a token and prints it.')
    .option(
      '--profile <name|path>',
      'profile that its bearer is served; what the gateway serves when absent',
    )
    .option('--json', 'print JSON')
    .action(async (name: string, options: TokenCreateOptions) =>
      (await actions()).create(name, options),
    );
  withHelp(token.command('ls'), { examples: [['See who may come in', 'portolan token ls']] })
    .description('Lists the tokens, without their texts.')
    .option('--json', 'print JSON')
    .action(async (options: { json?: true }) => (await actions()).list(options));
  withHelp(token.command('revoke').argument('<token-name>', 'name of a token'), {
    examples: [['Take a token back', 'portolan token revoke alice']],
  })
    .description('Takes a token back: its sessions end, its calls are cut off.')
    .option('--json', 'print JSON')
    .action(async (name: string, options: { json?: true }) =>
      (await actions()).revoke(name, options),
    );
}

export interface TokenCreateOptions {
  readonly profile?: string;
  readonly json?: true;
}
