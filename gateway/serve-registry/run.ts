import { once } from 'node:events';
import { openCatalog } from '../catalog/open-catalog.ts';
import type { ServeRegistryCommandOptions } from '../cli/commands/serve-registry.ts';
import { trustPolicyOf } from '../cli/trust-options.ts';
import { portolanPaths } from '../paths.ts';
import { serveRegistry } from './serve.ts';

/** Serves the API until the process is told to stop. */
export async function runServeRegistry(options: ServeRegistryCommandOptions): Promise<void> {
  const log = (line: string) => console.error(`portolan: ${line}`);
  const paths = portolanPaths();
  const policy = await trustPolicyOf(options);
  const server = await serveRegistry({
    open: () =>
      openCatalog(options.catalog, policy, {
        stateDir: paths.state,
        cacheDir: paths.cache,
        log,
      }),
    policy,
    host: options.host,
    port: options.port,
    refresh: options.refresh,
    log,
  });
  log(`the MCP Registry API is at ${server.url}/v0.1/servers`);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  await server.close();
}
