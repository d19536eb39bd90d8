import { spawn } from 'node:child_process';
import { RUNNER } from './built-gateway.ts';

/** What a command printed and how it ended. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command; `stdin` is all that it gets to read. */
export function portolan(
  args: readonly string[],
  {
    env,
    stdin = '',
    cwd,
  }: { readonly env: NodeJS.ProcessEnv; readonly stdin?: string; readonly cwd?: string },
): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [RUNNER, ...args], {
      env: { PORTOLAN_PASSPHRASE: 'passphrase of tests', ...env },
      ...(cwd !== undefined && { cwd }),
    });
    const output = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        output[stream] += text;
      });
    }
    child.on('close', (code) => resolve({ code, ...output }));
    child.stdin.end(stdin);
  });
}

/** The same, for a command that has to work: what it printed. */
export async function portolanOutput(
  args: readonly string[],
  options: Parameters<typeof portolan>[1],
): Promise<string> {
  const { code, stdout, stderr } = await portolan(args, options);
  if (code !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
  return stdout;
}
