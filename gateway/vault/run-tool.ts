import { hasErrno, PortolanError } from '../../core/errors.ts';

export interface ToolRun {
  readonly command: string;
  /** Never holds a secret: every process of the machine can read arguments. */
  readonly args: readonly string[];
  /** What the tool reads on its standard input; this is where secrets go. */
  readonly input?: string;
  /** Milliseconds. */
  readonly timeout: number;
  readonly environment: NodeJS.ProcessEnv;
}

export interface ToolResult {
  readonly exitCode: number;
  /** May be the secret itself: callers keep it out of messages. */
  readonly stdout: string;
  /** Whether the tool complained. The text is dropped, because it might quote a secret. */
  readonly complained: boolean;
}

const LARGEST_OUTPUT = 1024 * 1024;

/**
 * Runs a program of the system without a shell. Throws `unreachable` with `TOOL_MISSING` or
 * `TOOL_TIMEOUT`, `failed` with `TOOL_FAILED`; an exit code is a result, not an error.
 */
export async function runTool(run: ToolRun): Promise<ToolResult> {
  const { command, args, input, timeout } = run;
  const { spawn } = await import('node:child_process');
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      env: withoutSecrets(run.environment),
      windowsHide: true,
    });
    const chunks: Buffer[] = [];
    let size = 0;
    let complained = false;
    const finish = (outcome: () => void) => {
      clearTimeout(timer);
      // A grandchild may hold the pipes open after the tool is gone.
      child.stdout?.destroy();
      child.stderr?.destroy();
      outcome();
    };
    const fail = (kind: 'failed' | 'unreachable', code: string, fact: string) =>
      finish(() => {
        child.kill('SIGKILL');
        reject(new PortolanError(kind, code, `${command} ${fact}`));
      });
    const timer = setTimeout(
      () => fail('unreachable', 'TOOL_TIMEOUT', `did not answer within ${timeout / 1000} s`),
      timeout,
    );
    child.on('error', (error) =>
      hasErrno(error, 'ENOENT')
        ? fail('unreachable', 'TOOL_MISSING', 'was not found; install it or put it on the PATH')
        : fail('failed', 'TOOL_FAILED', 'could not be started'),
    );
    child.stdout?.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > LARGEST_OUTPUT) fail('failed', 'TOOL_FAILED', 'printed more than 1 MiB');
      else chunks.push(chunk);
    });
    child.stderr?.on('data', () => {
      complained = true;
    });
    // A tool that leaves without reading its input shows that by its exit code.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
    child.on('close', (code) =>
      finish(() =>
        resolve({
          exitCode: code ?? 1,
          stdout: Buffer.concat(chunks).toString('utf8'),
          complained,
        }),
      ),
    );
  });
}

/** Tools get the user's environment without the secrets that Portolan itself reads from it. */
function withoutSecrets(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !/^PORTOLAN_(SECRET_|PASSPHRASE$)/i.test(name)),
  );
}

/** One line ending less: programs end their output with it, secrets do not. */
export function withoutLastNewline(text: string): string {
  return text.replace(/\r?\n$/, '');
}
