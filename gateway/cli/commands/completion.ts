import { Argument, type Command } from 'commander';
import { SHELLS, type Shell } from '../completion/scripts.ts';
import { withHelp } from '../help.ts';

/** `portolan completion`: commands, options and names at the press of Tab. */
export function registerCompletion(program: Command): void {
  withHelp(
    program
      .command('completion')
      .addArgument(new Argument('<shell>', 'your shell').choices(SHELLS)),
    {
      examples: [
        ['For bash, in ~/.bashrc', 'eval "$(portolan completion bash)"'],
        ['For zsh, in ~/.zshrc after compinit', 'source <(portolan completion zsh)'],
        ['For fish', 'portolan completion fish > ~/.config/fish/completions/portolan.fish'],
      ],
      notes:
        'Names of servers and tools come from the catalogs on this disk, so that Tab never waits for a network.',
    },
  )
    .summary('print a script that completes commands and names')
    .description(
      'Prints a script for a shell that completes commands, options, servers, tools with their arguments, profiles, clients and catalogs.',
    )
    .action(async (shell: Shell) => {
      const { completionScript } = await import('../completion/scripts.ts');
      process.stdout.write(completionScript(shell));
    });
}
