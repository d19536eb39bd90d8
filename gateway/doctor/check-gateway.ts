import { access, constants, mkdir } from 'node:fs/promises';
import { messageOf } from '../../core/errors.ts';
import { counted } from '../../core/text.ts';
import { version } from '../cli/version.ts';
import { findGateways } from '../control/find-gateways.ts';
import { withControl } from '../control/with-control.ts';
import type { Paths } from '../paths.ts';
import { loadPolicies } from '../policy/load-policy.ts';
import { type Check, faultOf } from './check.ts';

/** This program itself: Node.js, its folders, its policies, and the gateways that run. */
export async function checkGateway(paths: Paths): Promise<readonly Check[]> {
  return [
    {
      name: 'Portolan',
      ok: true,
      text: `${version} on Node.js ${process.version}, ${process.platform} ${process.arch}`,
    },
    ...(await checkFolders(paths)),
    await checkPolicies(paths),
    ...(await checkRunning(paths)),
  ];
}

async function checkFolders(paths: Paths): Promise<readonly Check[]> {
  const faults = await Promise.all(
    Object.values(paths).map(async (folder: string): Promise<Check | undefined> => {
      try {
        await mkdir(folder, { recursive: true });
        await access(folder, constants.W_OK);
        return undefined;
      } catch (error) {
        return {
          name: 'Folders',
          ok: false,
          text: `${folder} cannot be written: ${messageOf(error)}`,
          remedy: 'make it writable for your account, or set PORTOLAN_HOME to another folder',
        };
      }
    }),
  );
  const found = faults.filter((fault) => fault !== undefined);
  return found.length > 0 ? found : [{ name: 'Folders', ok: true, text: paths.config }];
}

async function checkPolicies(paths: Paths): Promise<Check> {
  const name = 'Policies';
  try {
    const policies = await loadPolicies(paths);
    const text = policies.map(({ path }) => path).join(', ') || 'none applies';
    return { name, ok: true, text };
  } catch (error) {
    return faultOf(name, error, '`portolan policy show` after a repair');
  }
}

/** Gateways that do not answer, and servers that failed in one. */
async function checkRunning({ state }: Paths): Promise<readonly Check[]> {
  const gateways = await findGateways(state);
  if (gateways.length === 0) return [];
  const checks = await Promise.all(
    gateways.map(async (announcement): Promise<readonly Check[]> => {
      const name = `Gateway ${announcement.pid}`;
      try {
        const { servers } = await withControl(announcement, (control) => control.status());
        const failed = servers.filter(({ running, lastError }) => running === 0 && lastError);
        if (failed.length === 0)
          return [{ name, ok: true, text: counted(servers.length, 'server') }];
        return failed.map(({ name: server, lastError = '' }) => ({
          name,
          ok: false,
          text: `${server} failed: ${lastError}`,
          remedy: `portolan logs ${server}`,
        }));
      } catch (error) {
        return [faultOf(name, error, `kill ${announcement.pid}`)];
      }
    }),
  );
  return checks.flat();
}
