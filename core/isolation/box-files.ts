import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Writes the few files of /etc that a box gets made for it. `hosts` maps the hosts that the server
 * may reach to the forwarder's addresses; resolv.conf names no server, so that DNS stays closed.
 */
export function writeBoxFiles(
  folder: string,
  user: number,
  hosts: readonly (readonly [address: string, host: string])[],
): void {
  const files = {
    passwd: `server:x:${user}:${user}:server:/tmp:/bin/false\n`,
    group: `server:x:${user}:\n`,
    hosts: [['127.0.0.1', 'localhost'], ...hosts]
      .map(([address, host]) => `${address}\t${host}\n`)
      .join(''),
    'resolv.conf': 'nameserver 127.0.0.1\noptions attempts:1 timeout:1\n',
  };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), text, { mode: 0o644 });
  }
}
