import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hasErrno } from '../../core/errors.ts';

/** What the browser shows at the end of a sign-in. */
export interface CallbackPage {
  readonly status: number;
  readonly title: string;
  readonly text: string;
}

export interface CallbackListener {
  /** `http://127.0.0.1:PORT/callback` */
  readonly redirectUri: string;
  close(): Promise<void>;
}

const PATH = '/callback';

/**
 * Listens on 127.0.0.1 for the browser that comes back from the authorization server. `preferred`
 * is a port to take if it is free; any free one otherwise. Only `GET /callback` under the name of
 * the redirect URI is answered: a page that had its name rebound to this machine is not.
 */
export async function listenForCallback(
  handle: (parameters: URLSearchParams) => Promise<CallbackPage>,
  preferred?: number,
): Promise<CallbackListener> {
  const server = createServer(async (request, response) => {
    const { port } = server.address() as AddressInfo;
    const url = URL.parse(request.url ?? '', `http://127.0.0.1:${port}`);
    const known =
      request.method === 'GET' &&
      url?.pathname === PATH &&
      request.headers.host === `127.0.0.1:${port}`;
    if (!url || !known) {
      show(response, { status: 404, title: 'Nothing here', text: 'This is not the sign-in page.' });
      return;
    }
    show(response, await handle(url.searchParams));
  });
  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject);
        resolve();
      });
    });
  await listen(preferred ?? 0).catch((error) => {
    if (preferred !== undefined && (hasErrno(error, 'EADDRINUSE') || hasErrno(error, 'EACCES'))) {
      return listen(0);
    }
    throw error;
  });
  const { port } = server.address() as AddressInfo;
  return {
    redirectUri: `http://127.0.0.1:${port}${PATH}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}

function show(response: ServerResponse, { status, title, text }: CallbackPage): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy':
      "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    // The address of this page holds the code.
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    connection: 'close',
  });
  response.end(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)} - Portolan</title>
<style>:root{color-scheme:light dark}body{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto;padding:0 1.5rem}</style>
</head><body><main><h1>${escapeHtml(title)}</h1><p>${escapeHtml(text)}</p></main></body></html>
`);
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
