import { spawn } from 'node:child_process';

/** A command at a real terminal: what it shows, and keys to press. */
export interface Terminal {
  /** Everything that was shown, with its control sequences. */
  text(): string;
  press(keys: string): void;
  readonly exited: Promise<number | null>;
}

/** Runs a command at a pseudo terminal of util-linux' `script`. */
export function openTerminal(
  command: readonly string[],
  options: { readonly env: NodeJS.ProcessEnv; readonly cwd?: string },
): Terminal {
  const line = command.map((part) => `'${part.replaceAll("'", "'\\''")}'`).join(' ');
  const child = spawn(
    'script',
    ['--quiet', '--return', '--command', `stty cols 100 rows 40; exec ${line}`, '/dev/null'],
    {
      ...options,
      env: { TERM: 'xterm', ...options.env },
      stdio: ['pipe', 'pipe', 'ignore'],
    },
  );
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
  });
  child.stdin.on('error', () => {});
  return {
    text: () => shown,
    press: (keys) => void child.stdin.write(keys),
    exited: new Promise((resolve) => child.once('exit', resolve)),
  };
}

export const KEYS = { enter: '\r', down: '\u001b[B', space: ' ', ctrlC: '\u0003' } as const;
