import { execFile } from 'node:child_process';

/** What is known about an engine or a tool, in words for `portolan doctor`. */
export interface Answer {
  readonly name: string;
  readonly usable: boolean;
  readonly text: string;
}

/** Runs a program to its end, or for `timeout` ms; `fault` is its last word of complaint. */
export function ask(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  timeout: number,
): Promise<{ ok: boolean; stdout: string; fault: string }> {
  return new Promise((resolve) => {
    execFile(
      program,
      args,
      { env, timeout, killSignal: 'SIGKILL', maxBuffer: 4 * 2 ** 20 },
      (error, stdout, stderr) => {
        const words =
          stderr.trim() || (error?.killed ? 'no answer in time' : (error?.message ?? ''));
        resolve({ ok: !error, stdout, fault: words.split('\n').slice(-1).join('').slice(0, 300) });
      },
    );
  });
}
