import { type Command, Option } from 'commander';
import { collect } from './catalog-access.ts';

/** Adds the options of IsolationChoice to a command. */
export function withIsolationOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--isolation <mode>', 'what keeps servers in their box')
        .choices(['auto', 'container', 'bubblewrap', 'kubernetes', 'none'])
        .default('auto'),
    )
    .option('--node-image <ref@digest>', 'image that runs npm servers in a container')
    .option('--kube-namespace <name>', 'namespace of the servers, with --isolation kubernetes')
    .option('--kube-npm-claim <name>', "claim that holds the gateway's cache, for npm servers")
    .option(
      '--allow-path <folder>',
      'folder that volumes may lie in besides the usual ones (repeatable)',
      collect,
      [],
    );
}
