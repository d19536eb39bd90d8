import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** What the forwarder inside a box listens to. */
export interface ForwarderConfig {
  /** Path of the proxy's socket inside the box; without one, standard input and output lead there. */
  readonly socket?: string;
  /** Port on 127.0.0.1 that leads to the proxy itself. */
  readonly proxyPort: number;
  /** Addresses that stand for one host each. */
  readonly hosts: readonly {
    readonly address: string;
    readonly port: number;
    readonly host: string;
  }[];
}

/**
 * The text of a JavaScript module that carries connections from the box's private loopback to the
 * proxy outside. Loaded with `--import` by the Node.js that runs a server, it works in a thread of
 * its own, so that a server that blocks (execSync of git, say) still has its connections. Without a
 * socket it is a program of its own, and HTTP/2 keeps its connections apart on the one pipe.
 *
 * It only carries bytes: everything is decided by the proxy, out of the server's reach.
 */
export function forwarderSource(config: ForwarderConfig): string {
  return `await (${runForwarder.toString()})(import.meta.url, ${JSON.stringify(config)});\n`;
}

/** Runs from its source text alone: nothing from outside the function may be used in it. */
async function runForwarder(self: string, config: ForwarderConfig): Promise<void> {
  const { Worker, isMainThread, workerData, parentPort } =
    process.getBuiltinModule('node:worker_threads');
  const mark = 'portolan-egress';
  if (isMainThread && config.socket) {
    const worker = new Worker(new URL(self), { workerData: mark, execArgv: [], env: {} });
    await new Promise<void>((resolve) => {
      worker.once('message', () => resolve());
      // A program that the server starts with the same options finds the ports taken: fine.
      worker.once('error', () => resolve());
      worker.once('exit', () => resolve());
    });
    worker.on('error', () => {});
    worker.unref();
    return;
  }
  if (config.socket && workerData !== mark) return;
  const { createServer, connect } = process.getBuiltinModule('node:net');

  const dialSocket = (): Duplex => connect({ path: config.socket as string, allowHalfOpen: true });
  const dialPipe = () => {
    const { Duplex: Pair } = process.getBuiltinModule('node:stream');
    const pipe = Pair.from({ readable: process.stdin, writable: process.stdout });
    const session = process
      .getBuiltinModule('node:http2')
      .connect('http://proxy', { createConnection: () => pipe });
    // Nobody is left to serve when the gateway is gone.
    session.on('error', () => {}).on('close', () => process.exit(0));
    process.on('SIGTERM', () => process.exit(0));
    return (): Duplex => session.request({ ':method': 'CONNECT', ':authority': 'proxy:1' });
  };
  const dialProxy = config.socket ? dialSocket : dialPipe();

  const listen = (address: string, port: number, take: (inside: Socket) => void) =>
    new Promise<void>((resolve) => {
      const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, take);
      server.once('error', () => resolve());
      server.listen(port, address, () => resolve());
    });
  const join = (inside: Socket, outside: Duplex) => {
    inside.pipe(outside);
    outside.pipe(inside);
    inside.on('close', () => outside.destroy());
    outside.on('close', () => inside.destroy());
    inside.resume();
  };
  const dial = (inside: Socket) => {
    const outside = dialProxy();
    outside.on('error', () => inside.destroy());
    inside.on('error', () => outside.destroy());
    return outside;
  };

  await Promise.all([
    listen('127.0.0.1', config.proxyPort, (inside) => join(inside, dial(inside))),
    ...config.hosts.map(({ address, port, host }) =>
      listen(address, port, (inside) => {
        const outside = dial(inside);
        let answer = '';
        const onData = (chunk: Buffer) => {
          answer += chunk.toString('latin1');
          const end = answer.indexOf('\r\n\r\n');
          if (end === -1) return;
          outside.off('data', onData).pause();
          if (!answer.startsWith('HTTP/1.1 200 ')) {
            inside.destroy();
            outside.destroy();
            return;
          }
          const rest = answer.slice(end + 4);
          if (rest) inside.write(Buffer.from(rest, 'latin1'));
          join(inside, outside);
        };
        outside.on('data', onData);
        outside.on('end', () => {
          if (!answer.includes('\r\n\r\n')) inside.destroy();
        });
        outside.write(`CONNECT ${host}:${port} HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`);
      }),
    ),
  ]);
  dialProxy()
    .on('error', () => {})
    .end('GET /ready HTTP/1.0\r\n\r\n');
  parentPort?.postMessage('ready');
}
