import type { Paths } from '../paths.ts';
import type { Check } from './check.ts';
import { checkCatalogs, checkNetwork } from './check-catalogs.ts';
import { checkClients } from './check-clients.ts';
import { checkGateway } from './check-gateway.ts';
import { checkIsolation } from './check-isolation.ts';
import { checkSecrets } from './check-secrets.ts';

/** Everything that the gateway needs. `onProgress` is told the share that is done, 0 to 1. */
export async function checkMachine(
  paths: Paths,
  env: NodeJS.ProcessEnv = process.env,
  onProgress: (share: number) => void = () => {},
): Promise<readonly Check[]> {
  const groups: readonly (() => Promise<readonly Check[]>)[] = [
    () => checkGateway(paths),
    () => checkIsolation(env),
    () => checkNetwork(paths),
    // What a catalog has to say of itself is in its check.
    () => checkCatalogs(paths, () => {}),
    () => checkSecrets(paths, env),
    () => checkClients(),
  ];
  let done = 0;
  const checks = await Promise.all(
    groups.map(async (group) => {
      const found = await group();
      done += 1;
      onProgress(done / groups.length);
      return found;
    }),
  );
  return checks.flat();
}
