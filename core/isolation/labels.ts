import { hostname } from 'node:os';
import { identityOf } from './process-identity.ts';

/** Labels of every container that we start; reapOrphans finds them again by these. */
export const LABEL = {
  owner: 'dev.portolan.owner',
  server: 'dev.portolan.server',
  host: 'dev.portolan.host',
  pid: 'dev.portolan.pid',
  started: 'dev.portolan.started',
} as const;

/** The label arguments of a container of this process. */
export function labelArguments(server: string, owner: string): string[] {
  const { pid, started } = identityOf(process.pid);
  return [
    [LABEL.owner, owner],
    [LABEL.server, server],
    // An engine may serve several machines; a process id means something on its own one only.
    [LABEL.host, hostname()],
    [LABEL.pid, String(pid)],
    [LABEL.started, started],
  ].flatMap(([name, value]) => ['--label', `${name}=${value}`]);
}
