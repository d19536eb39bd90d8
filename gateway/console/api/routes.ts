import { version } from '../../cli/version.ts';
import type { ConsoleContext } from '../context.ts';
import { type ApiRequest, get, post, type Route, textIn } from '../route.ts';
import { activityRoutes } from './activity.ts';
import { catalogRoutes } from './catalog.ts';
import { catalogsRoutes } from './catalogs.ts';
import { clientsRoutes } from './clients.ts';
import { doctorRoutes } from './doctor.ts';
import { gatewayRoutes } from './gateways.ts';
import { policyRoutes } from './policy.ts';
import { profileRoutes } from './profiles.ts';
import { secretsRoutes } from './secrets.ts';
import { signInRoutes } from './sign-ins.ts';
import { updateRoutes } from './updates.ts';

/** Everything that the page can ask for. */
export const routes: readonly Route[] = [
  get('/api/about', async () => ({ version, node: process.version, platform: process.platform })),
  post('/api/vault/unlock', unlock),
  post('/api/stop', stop),
  ...activityRoutes,
  ...catalogRoutes,
  ...catalogsRoutes,
  ...clientsRoutes,
  ...doctorRoutes,
  ...gatewayRoutes,
  ...policyRoutes,
  ...profileRoutes,
  ...updateRoutes,
  ...secretsRoutes,
  ...signInRoutes,
];

async function unlock({ body }: ApiRequest, context: ConsoleContext): Promise<void> {
  context.unlock(textIn(body, 'passphrase'));
}

async function stop(_: ApiRequest, context: ConsoleContext): Promise<void> {
  // After the answer is on its way.
  setTimeout(context.stop, 50);
}
