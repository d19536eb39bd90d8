import { spawn } from 'node:child_process';
import { RUNNER } from './built-gateway.ts';

/** How a command ended, and what it said. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command to its end. */
export function runPortolan(
  args: readonly string[],
  {
    env,
    stdin = '',
    cwd,
    runner = RUNNER,
  }: { env: NodeJS.ProcessEnv; stdin?: string; cwd?: string; runner?: string },
): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [runner, ...args], { env, cwd });
    const output = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        output[stream] += text;
      });
    }
    child.on('close', (code) => resolve({ code, ...output }));
    // A command that does not read may be gone before.
    child.stdin.on('error', () => {});
    child.stdin.end(stdin);
  });
}
