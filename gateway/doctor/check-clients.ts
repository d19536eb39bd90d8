import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { commandOf } from '../clients/identify.ts';
import { gatewayArgsOf } from '../clients/launch.ts';
import { isHere, targetOf } from '../clients/place.ts';
import { CLIENTS } from '../clients/table.ts';
import { entriesOfClient } from '../clients/target.ts';
import { type Check, faultOf } from './check.ts';

/** The clients of this machine: whether their files can be read, and whether what they start is there. */
export async function checkClients(): Promise<readonly Check[]> {
  const checks = await Promise.all(
    CLIENTS.filter(isHere).map(async (client): Promise<Check | string> => {
      const target = targetOf(client, {});
      const name = `Client ${client.id}`;
      try {
        const commands = [...(await entriesOfClient(target)).values()].map(commandOf);
        const ours = commands.filter((command) => gatewayArgsOf(command) !== undefined);
        if (ours.length === 0) return client.id;
        const missing = ours
          .flatMap((command) => command.slice(0, 2))
          .find((part) => isAbsolute(part) && !existsSync(part));
        if (missing === undefined) return { name, ok: true, text: 'connected' };
        return {
          name,
          ok: false,
          text: `${target.path} starts ${missing}, which is not there`,
          remedy: `portolan client connect ${client.id} again`,
        };
      } catch (error) {
        const remedy = 'repair the file in an editor; Portolan leaves broken files alone';
        return faultOf(name, error, remedy);
      }
    }),
  );
  const idle = checks.filter((check) => typeof check === 'string');
  const found = checks.filter((check) => typeof check !== 'string');
  if (found.length > 0 && idle.length === 0) return found;
  return [
    ...found,
    {
      name: 'Clients',
      ok: true,
      text: idle.length > 0 ? `not connected: ${idle.join(', ')}` : 'none is installed',
      ...(idle.length > 0 && { remedy: `portolan client connect ${idle[0]}` }),
    },
  ];
}
