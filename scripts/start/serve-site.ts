import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import sirv from 'sirv';
import { hasErrno, PortolanError } from '../../core/errors.ts';

/** A running site. */
export interface RunningSite {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves a built site on 127.0.0.1; port 0 lets the system choose. Throws `failed` / `PORT_BUSY`. */
export async function serveSite(folder: string, port: number): Promise<RunningSite> {
  const serve = sirv(folder, { dev: true, etag: true, extensions: ['html', 'json'] });
  const server = createServer((request, response) => {
    // What static hosts do for the registry APIs by their _headers file.
    if (/^\/(v0|v0\.1|registry\.json|catalog\.json)/.test(request.url ?? '')) {
      response.setHeader('Access-Control-Allow-Origin', '*');
    }
    // Clients encode the slash in a server's name; hosts resolve that by the site's _redirects file.
    if (/^\/v0(\.1)?\/servers\//.test(request.url ?? '')) {
      request.url = request.url?.replace(/%2f/gi, '/');
    }
    serve(request, response, async () => {
      const page = await readFile(join(folder, '404.html')).catch(() => 'Not found\n');
      response.writeHead(404, { 'Content-Type': 'text/html; charset=utf-8' }).end(page);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(
        hasErrno(error, 'EADDRINUSE')
          ? new PortolanError(
              'failed',
              'PORT_BUSY',
              `port ${port} on 127.0.0.1 is in use; choose another one with --site-port N`,
            )
          : error,
      );
    });
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  const bound = address && typeof address === 'object' ? address.port : port;
  return {
    url: `http://127.0.0.1:${bound}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
