import { type ChildProcess, spawn } from 'node:child_process';
import { Agent, request } from 'node:http';
import type { Readable, Writable } from 'node:stream';

/** The least that a client can be: sends calls, waits for answers. */
export interface BenchClient {
  call(text: string): Promise<string>;
  close(): void;
}

type Piped = ChildProcess & { stdin: Writable; stdout: Readable };

const INITIALIZE = {
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'bench', version: '1.0.0' },
  },
};

function callOf(id: number, text: string) {
  return {
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name: 'echo', arguments: { text } },
  };
}

/** A client on the standard streams of a process that it starts. */
export async function stdioClient(
  command: readonly string[],
): Promise<BenchClient & { pid: number; list(): Promise<string> }> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] }) as Piped;
  const waiting = new Map<number, (text: string) => void>();
  let rest = '';
  let nextId = 0;
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() as string;
    for (const line of lines) {
      const message = JSON.parse(line);
      waiting.get(message.id)?.(line);
      waiting.delete(message.id);
    }
  });
  const ask = (message: { id: number }) =>
    new Promise<string>((resolve) => {
      waiting.set(message.id, resolve);
      child.stdin.write(`${JSON.stringify(message)}\n`);
    });
  await ask(INITIALIZE);
  child.stdin.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
  return {
    pid: child.pid as number,
    call: (text) => ask(callOf(++nextId, text)),
    list: () => ask({ jsonrpc: '2.0', id: ++nextId, method: 'tools/list' } as { id: number }),
    // An engine's client ends its container with the end of the input.
    close: () => void child.stdin.end(),
  };
}

/** A client over HTTP, with kept connections; a session when the server gives one. */
export async function httpClient(url: string): Promise<BenchClient> {
  const agent = new Agent({ keepAlive: true });
  let session: Record<string, string> = {};
  let nextId = 0;
  const post = (message: object) =>
    new Promise<string>((resolve, reject) => {
      const body = JSON.stringify(message);
      const sent = request(
        url,
        {
          method: 'POST',
          agent,
          headers: {
            'content-type': 'application/json',
            accept: 'application/json, text/event-stream',
            'content-length': Buffer.byteLength(body),
            ...session,
          },
        },
        (response) => {
          const id = response.headers['mcp-session-id'];
          if (typeof id === 'string') {
            session = { 'mcp-session-id': id, 'mcp-protocol-version': '2025-11-25' };
          }
          let text = '';
          response.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk;
          });
          response.on('end', () => {
            if ((response.statusCode ?? 500) < 300) resolve(text);
            else reject(new Error(`HTTP ${response.statusCode}: ${text.slice(0, 200)}`));
          });
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  await post(INITIALIZE);
  await post({ jsonrpc: '2.0', method: 'notifications/initialized' });
  return { call: (text) => post(callOf(++nextId, text)), close: () => agent.destroy() };
}
