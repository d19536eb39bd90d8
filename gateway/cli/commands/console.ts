import type { Command } from 'commander';
import { portNumber } from './run.ts';

/** `portolan console`: everything with a mouse. */
export function registerConsole(program: Command): void {
  program
    .command('console')
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
