import { createInterface } from 'node:readline';
import { openBrowser } from '../oauth/browser.ts';
import { portolanPaths } from '../paths.ts';
import { startAudit } from './api/activity.ts';
import { startLogs } from './api/gateways.ts';
import { routes } from './api/routes.ts';
import { createContext } from './context.ts';
import { serveConsole } from './serve-console.ts';

export interface ConsoleOptions {
  readonly port: number;
  /** `--no-open`. */
  readonly open: boolean;
  readonly profile?: string;
}

/** Serves the console until Ctrl-C, or until the page says so. Prints the link to stdout. */
export async function runConsole(options: ConsoleOptions): Promise<void> {
  const log = (line: string) => console.error(`portolan: ${line}`);
  const stopped = Promise.withResolvers<void>();
  const context = createContext({
    paths: portolanPaths(),
    log,
    stop: stopped.resolve,
    ...(options.profile && { profile: options.profile }),
  });
  const followers = [startAudit(context), startLogs(context)];
  const running = await serveConsole(routes, context, { port: options.port });
  const offer = () => {
    const link = running.link();
    console.log(`Open this link, once, within five minutes:\n  ${link}`);
    return link;
  };
  const link = offer();
  if (options.open && !(await openBrowser(link))) log('there is no browser here to open it with');
  log('the console runs until Ctrl-C; Enter makes another link');
  // Only for a person: with stdin closed or a pipe, its end is no wish to stop.
  const lines = process.stdin.isTTY ? createInterface({ input: process.stdin }) : undefined;
  lines?.on('line', offer);
  lines?.on('SIGINT', stopped.resolve);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => stopped.resolve());
  }
  await stopped.promise;
  lines?.close();
  for (const stopFollowing of followers) stopFollowing();
  for (const pending of context.signIns.values()) pending.cancel();
  await running.close();
  process.exit(0);
}
