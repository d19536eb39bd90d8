// Where `portolan` begins. What this file imports, and what that imports, is loaded before a client
// hears anything: all that a first `tools/list` can do without is behind an import().
import { runGateway } from '../compose/run-gateway.ts';
import { quickRunOptions } from './quick-run.ts';
import { reportCommandLine, reportError } from './report-error.ts';

// Not awaited at the top level: the bundle is CommonJS, which knows no such thing.
main(process.argv.slice(2)).catch((error: unknown) => reportError(error));

async function main([command, ...args]: readonly string[]): Promise<void> {
  if (command === '__complete') {
    return (await import('./completion/run-complete.ts')).runComplete(args);
  }
  if (command === undefined && isTerminal()) {
    return (await import('../guide/run-guide.ts')).runGuide();
  }
  const options = command === 'run' ? quickRunOptions(args) : undefined;
  if (options) return runGateway(options);
  // `run` hears of it by itself: on stdio its client is gone then.
  if (command !== 'run') process.stdout.on('error', endUnread);
  const [{ CommanderError }, { createProgram }] = await Promise.all([
    import('commander'),
    import('./program.ts'),
  ]);
  try {
    await createProgram().parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    reportCommandLine(error);
  }
}

/** Ends quietly when nobody reads on, as after `| head`. */
function endUnread(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
}

/** Whether somebody is there to answer questions; else `portolan` alone prints its help. */
function isTerminal({ stdin, stdout, env } = process): boolean {
  return Boolean(stdin.isTTY && stdout.isTTY) && env.TERM !== 'dumb' && !env.CI;
}
