import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import type { Engine } from './detect.ts';

/** How an engine's client answered. */
export interface EngineAnswer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Variables with which an engine's client runs: its own, and nothing else of the user's. */
export function clientEnvironment(engine: Engine, env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    engine.traits.environment.flatMap((name) => {
      const value = env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** Runs an engine's client to its end. Never rejects: a client that cannot start has code 127. */
export function callEngine(
  engine: Engine,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  options: {
    readonly onLine?: (line: string) => void;
    readonly signal?: AbortSignal;
    /** Variables of the client besides its own; their values are secret. */
    readonly secrets?: Readonly<Record<string, string>>;
    /** Files that it gets as its stdin, stdout and stderr; nothing of it is in the answer then. */
    readonly files?: readonly [number, number, number];
  } = {},
): Promise<EngineAnswer> {
  return new Promise((resolve) => {
    const child = spawn(engine.program, args, {
      env: { ...clientEnvironment(engine, env), ...options.secrets },
      cwd: tmpdir(),
      stdio: options.files ? [...options.files] : ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
      // A group of its own: Ctrl-C in the terminal must not end it in the middle of a removal.
      detached: process.platform !== 'win32',
      ...(options.signal ? { signal: options.signal } : {}),
    });
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-8_000);
      for (const line of text.split(/[\r\n]+/)) if (line.trim()) options.onLine?.(line.trim());
    });
    child.on('error', (error) => resolve({ code: 127, stdout, stderr: error.message }));
    child.on('close', (code) => resolve({ code: code ?? 1, stdout, stderr: stderr.trim() }));
  });
}
