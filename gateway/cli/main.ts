// Where `portolan` begins. What this file imports, and what that imports, is loaded before a client
// hears anything: all that a first `tools/list` can do without is behind an import().
import { runGateway } from '../compose/run-gateway.ts';
import { quickRunOptions } from './quick-run.ts';
import { reportError } from './report-error.ts';

// Not awaited at the top level: the bundle is CommonJS, which knows no such thing.
main(process.argv.slice(2)).catch(reportError);

async function main([command, ...args]: readonly string[]): Promise<void> {
  const options = command === 'run' ? quickRunOptions(args) : undefined;
  if (options) return runGateway(options);
  const [{ CommanderError }, { createProgram }] = await Promise.all([
    import('commander'),
    import('./program.ts'),
  ]);
  try {
    await createProgram().parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Commander has printed its own message; help and version end with code 0.
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  }
}
