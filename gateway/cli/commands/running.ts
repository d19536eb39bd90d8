import { type Command, InvalidArgumentError } from 'commander';
import { withHelp } from '../help.ts';

export interface StopOptions {
  readonly all?: true;
  readonly json?: true;
}

export interface LogsOptions {
  readonly follow?: true;
  readonly lines: number;
  readonly json?: true;
}

/** `portolan ps`, `stop` and `logs`: the gateways that run now. */
export function registerRunning(program: Command): void {
  const actions = () => import('./running-actions.ts');
  withHelp(program.command('ps'), {
    examples: [
      ['See what runs', 'portolan ps'],
      ['Find servers that failed', "portolan ps --json | jq '.[].servers[] | select(.lastError)'"],
    ],
  })
    .summary('list the gateways that run, with their clients and servers')
    .description(
      'Lists the gateways of your account that run now: the client, the servers, how many calls they made, and what failed last.',
    )
    .option('--json', 'print JSON')
    .action(async (options: { json?: true }) => (await actions()).listGateways(options));
  withHelp(program.command('stop'), {
    examples: [
      ['End a server that hangs; its next call starts it again', 'portolan stop everything'],
      ['End a gateway of `portolan ps`', 'portolan stop 4711'],
    ],
  })
    .argument(
      '[server|pid]',
      'a server, or the process id of a gateway; the only gateway when absent',
    )
    .summary('stop a server or a gateway')
    .description(
      'Stops a server in every gateway that serves it; its next call starts it again. Stops a gateway by its process id: its client sees it go.',
    )
    .option('--all', 'stop every gateway')
    .option('--json', 'print JSON')
    .action(async (target: string | undefined, options: StopOptions) =>
      (await actions()).stop(target, options),
    );
  withHelp(program.command('logs'), {
    examples: [
      ['See why a server does not start', 'portolan logs everything'],
      ['Follow all of them', 'portolan logs -f -n 0'],
    ],
  })
    .argument('[server]', 'one server; all of them, and the gateways themselves, when absent')
    .summary('what servers wrote to stderr')
    .description(
      'Prints the newest lines that servers and gateways wrote to stderr, without secrets. They are kept in the state folder, 4 MiB for each server.',
    )
    .option('-f, --follow', 'go on with new lines until Ctrl-C')
    .option('-n, --lines <number>', 'how many lines', lineCount, 100)
    .option('--json', 'print one JSON object a line')
    .action(async (server: string | undefined, options: LogsOptions) =>
      (await actions()).showLogs(server, options),
    );
}

function lineCount(value: string): number {
  const count = Number(value);
  if (Number.isInteger(count) && count >= 0 && count <= 1_000_000) return count;
  throw new InvalidArgumentError('It is a whole number from 0.');
}
