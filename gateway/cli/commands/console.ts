import type { Command } from 'commander';
import { withHelp } from '../help.ts';
import { portNumber } from './run.ts';

/** `portolan console`: everything with a mouse. */
export function registerConsole(program: Command): void {
  withHelp(program.command('console'), {
    examples: [
      ['Open the console in your browser', 'portolan console'],
      [
        'Print the link only, for a profile of a project',
        'portolan console --no-open --profile ./portolan.yaml',
      ],
    ],
    notes:
      'It listens on this machine only. The link works once, within a few minutes; the page then keeps a cookie that ends with the console.',
  })
    .summary('everything with a mouse: a page on this machine')
    .description(
      'Serves a page on 127.0.0.1 that does all of this command line with a mouse, and opens it. The link works once; Ctrl-C ends the console.',
    )
    .option('--port <number>', 'port to listen on; a free one when absent', portNumber, 0)
    .option('--no-open', 'print the link only')
    .option('--profile <name|path>', 'profile to begin with; the current one when absent')
    .action(async (options: { port: number; open: boolean; profile?: string }) => {
      const { runConsole } = await import('../../console/run-console.ts');
      await runConsole(options);
    });
}
