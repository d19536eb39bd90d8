import { type ChildProcess, spawn } from 'node:child_process';
import { RUNNER } from '../../support/built-gateway.ts';

/** `portolan console`, as a user starts it. */
export interface StartedConsole {
  readonly child: ChildProcess;
  /** The one-time link that it printed. */
  readonly link: string;
  readonly origin: string;
  output(): string;
  stop(): Promise<number | null>;
}

/** Starts the built runner's console on a free port and waits for its link. */
export async function startConsole(
  env: NodeJS.ProcessEnv,
  args: readonly string[] = [],
): Promise<StartedConsole> {
  const child = spawn(process.execPath, [RUNNER, 'console', '--no-open', ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const exited = new Promise<number | null>((done) => child.once('exit', done));
  const link = await new Promise<string>((done, fail) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        const found = /http:\/\/127\.0\.0\.1:\d+\/#link=[\w-]+/.exec(output)?.[0];
        if (found) done(found);
      });
    }
    exited.then((code) => fail(new Error(`the console ended with ${code}: ${output}`)));
  });
  return {
    child,
    link,
    origin: new URL(link).origin,
    output: () => output,
    async stop() {
      child.kill('SIGTERM');
      return exited;
    },
  };
}
