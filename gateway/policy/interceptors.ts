import { readFile } from 'node:fs/promises';
import type { Interceptor } from '../../core/entry/types.generated.ts';
import { messageOf, PortolanError } from '../../core/errors.ts';
import type { JsonObject } from '../relay/protocol.ts';
import type { CallInfo } from '../relay/relay.ts';
import { fitting } from './globs.ts';
import { type Answer, MOST_BYTES, parseAnswer, questionOf } from './interceptor-protocol.ts';
import type { Policies } from './load-policy.ts';

/** What the interceptors left of a call: new arguments or a new result, when one changed them. */
export interface Intercepted {
  readonly arguments?: JsonObject;
  readonly result?: JsonObject;
}

/**
 * Asks the interceptors of all policies that are about this call, one after the other, the
 * organisation's first. Each sees what the one before made of it.
 *
 * Throws `forbidden` / `CALL_REFUSED` when one says no, and `forbidden` / `INTERCEPTOR_FAILED` when
 * one fails, is too slow or answers nonsense.
 */
export async function intercept(
  policies: Policies,
  phase: 'before' | 'after',
  call: CallInfo,
  result?: JsonObject,
): Promise<Intercepted> {
  let changed: Intercepted = {};
  for (const interceptor of concerned(policies, phase, call)) {
    const params = changed.arguments
      ? { ...call.params, arguments: changed.arguments }
      : call.params;
    const question = questionOf(phase, { ...call, params }, changed.result ?? result, new Date());
    const answer = await ask(interceptor, JSON.stringify(question), phase);
    if (answer.decision === 'refuse') {
      throw new PortolanError(
        'forbidden',
        'CALL_REFUSED',
        `the interceptor ${interceptor.name} refuses it: ${answer.reason}`,
      );
    }
    if (answer.decision !== 'change') continue;
    if (phase === 'before' && call.method === 'resources/read') {
      throw failure(interceptor, 'it wants to change the arguments of a read, which has none');
    }
    changed = 'arguments' in answer ? { arguments: answer.arguments } : { result: answer.result };
  }
  return changed;
}

/** Interceptors that are asked about a call in this phase. */
export function concerned(
  policies: Policies,
  phase: 'before' | 'after',
  { server, name }: Pick<CallInfo, 'server' | 'name'>,
): readonly Interceptor[] {
  return policies
    .flatMap(({ policy }) => policy.interceptors ?? [])
    .filter(
      ({ when, servers, tools }) =>
        (when === 'both' || when === phase) &&
        (!servers || fitting(servers, server) !== undefined) &&
        (!tools || fitting(tools, name) !== undefined),
    );
}

async function ask(
  interceptor: Interceptor,
  question: string,
  phase: 'before' | 'after',
): Promise<Answer> {
  const { exec, http, timeoutSeconds = 5 } = interceptor;
  const signal = AbortSignal.timeout(timeoutSeconds * 1000);
  try {
    if (!exec && !http) throw new Error('it has neither exec nor http');
    const text = exec
      ? await askProgram(exec.command, question, signal)
      : await askService(http as NonNullable<typeof http>, question, signal);
    return parseAnswer(text, phase);
  } catch (error) {
    const late = signal.aborted ? `it took longer than ${timeoutSeconds} s` : undefined;
    throw failure(interceptor, late ?? messageOf(error), error);
  }
}

function failure({ name }: Interceptor, fact: string, cause?: unknown): PortolanError {
  return new PortolanError(
    'forbidden',
    'INTERCEPTOR_FAILED',
    `the interceptor ${name} could not decide (${fact}), so the call is refused`,
    { cause },
  );
}

/** Variables that a program may need; those of the gateway can hold secrets. */
const PASSED_ON = ['PATH', 'HOME', 'USER', 'LANG', 'TZ', 'SystemRoot', 'USERPROFILE', 'TEMP'];

async function askProgram(
  [program = '', ...args]: readonly string[],
  question: string,
  signal: AbortSignal,
): Promise<string> {
  const { spawn } = await import('node:child_process');
  return new Promise((resolve, reject) => {
    const env = Object.fromEntries(
      PASSED_ON.flatMap((name) => {
        const value = process.env[name];
        return value === undefined ? [] : [[name, value]];
      }),
    );
    // A group of its own, so that nothing that it started outlives its time.
    const detached = process.platform !== 'win32';
    const child = spawn(program, args, {
      env,
      cwd: '/',
      detached,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const end = () => {
      try {
        if (detached && child.pid) process.kill(-child.pid, 'SIGKILL');
        else child.kill('SIGKILL');
      } catch {
        // It has ended already.
      }
    };
    const stop = (error: Error) => {
      end();
      reject(error);
    };
    const onAbort = () => stop(new Error('it took too long'));
    signal.addEventListener('abort', onAbort, { once: true });
    const chunks: Buffer[] = [];
    let size = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size > MOST_BYTES) stop(new Error(`its answer is longer than ${MOST_BYTES} bytes`));
    });
    child.stderr.resume();
    // A program that decides without reading everything is no failure.
    child.stdin.on('error', () => {});
    child.once('error', (error) => reject(error));
    child.once('close', (code, killed) => {
      signal.removeEventListener('abort', onAbort);
      if (code === 0) resolve(Buffer.concat(chunks).toString('utf8'));
      else reject(new Error(`it ended with ${killed ?? code}`));
    });
    child.stdin.end(question);
  });
}

async function askService(
  { url, tokenFile }: NonNullable<Interceptor['http']>,
  question: string,
  signal: AbortSignal,
): Promise<string> {
  const token = tokenFile && (await readFile(tokenFile, 'utf8')).trim();
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      ...(token && { Authorization: `Bearer ${token}` }),
    },
    body: question,
    // Somewhere else is not whom the policy trusts.
    redirect: 'error',
    signal,
  });
  if (response.status !== 200) throw new Error(`it answered with status ${response.status}`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MOST_BYTES) throw new Error(`its answer is longer than ${MOST_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
