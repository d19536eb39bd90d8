import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hasErrno, PortolanError } from '../../core/errors.ts';
import { answerJson, answerText, failureOf, readBody } from './answer.ts';
import type { ConsoleContext } from './context.ts';
import { cookieName, credentialsOf, refusalOf } from './guard.ts';
import { readPageFiles } from './page-files.ts';
import { findRoute, type Route, textIn } from './route.ts';
import { createSessions, type SessionTimes } from './sessions.ts';

export interface RunningConsole {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** Makes a link that works once. */
  link(): string;
  close(): Promise<void>;
}

/**
 * Serves the console on 127.0.0.1. The page itself is public and holds nothing; whatever is about
 * this machine needs a session, which a one-time link opens.
 */
export async function serveConsole(
  routes: readonly Route[],
  context: ConsoleContext,
  options: { readonly port: number; readonly times?: SessionTimes },
): Promise<RunningConsole> {
  const files = await readPageFiles();
  const sessions = createSessions(options.times);
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 30_000 });
  server.maxConnections = 128;
  await listen(server, options.port);
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;

  server.on('request', (request, response) => {
    answer(request, response).catch((error) => {
      context.log(`console: ${error instanceof Error ? error.stack : error}`);
      if (!response.headersSent) answerText(response, 500, 'this is a bug in Portolan');
      else response.destroy();
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refused = refusalOf(request, host);
    if (refused) return answerText(response, refused.status, refused.text);
    const { pathname, searchParams } = new URL(request.url ?? '/', `http://${host}`);
    if (!pathname.startsWith('/api/')) return sendPage(request, response, pathname);
    try {
      await answerApi(request, response, pathname, searchParams);
    } catch (error) {
      answerFailure(response, error);
    }
  }

  async function answerApi(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    query: URLSearchParams,
  ): Promise<void> {
    const { method = '' } = request;
    if (path === '/api/session' && method === 'POST') return openSession(request, response);
    const { cookie, key } = credentialsOf(request, host);
    if (!sessions.has(cookie, key)) {
      return answerText(response, 401, 'open the link that `portolan console` printed');
    }
    if (path === '/api/events' && method === 'GET') {
      if (!context.hub.add(response)) answerText(response, 503, 'too many pages are open');
      return;
    }
    const found = findRoute(routes, method, path);
    if (!found) return answerText(response, 404, 'there is nothing here');
    const body = method === 'POST' ? await readBody(request) : {};
    const value = await found.route.run({ params: found.params, query, body }, context);
    answerJson(response, { value: value ?? null });
  }

  function sendPage(request: IncomingMessage, response: ServerResponse, path: string): void {
    // Every address without an extension is a place in the page.
    const file = files.get(path) ?? (/^(\/[\w@%-]+)+$/.test(path) ? files.get('/') : undefined);
    if (file && request.method === 'GET') answerText(response, 200, file.text, file.type);
    else answerText(response, 404, 'there is nothing here');
  }

  async function openSession(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const session = sessions.open(textIn(await readBody(request), 'code'));
    if (!session) {
      throw new PortolanError(
        'forbidden',
        'LINK_USED',
        'this link was used before or is too old; press Enter where `portolan console` runs for a new one',
      );
    }
    const cookie = `${cookieName(host)}=${session.cookie}; HttpOnly; SameSite=Strict; Path=/`;
    answerJson(response, { value: { key: session.key } }, { 'set-cookie': cookie });
  }

  /** The request itself was in order, so a no is an answer like any other. */
  function answerFailure(response: ServerResponse, error: unknown): void {
    const failure = failureOf(error);
    if (failure.kind === 'bug') context.log(`console: ${(error as Error).stack}`);
    answerJson(response, { failure });
  }

  return {
    origin: `http://${host}`,
    // In the fragment: it is in no request, no log and no Referer.
    link: () => `http://${host}/#link=${sessions.code()}`,
    close: () =>
      new Promise((resolve) => {
        context.hub.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: ReturnType<typeof createServer>, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      if (!hasErrno(error, 'EADDRINUSE')) return reject(error);
      reject(
        new PortolanError(
          'unreachable',
          'PORT_TAKEN',
          `port ${port} is in use; choose another one with --port, or leave it out for a free one`,
          { cause: error },
        ),
      );
    });
    server.listen(port, '127.0.0.1', resolve);
  });
}
