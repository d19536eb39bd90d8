import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive } from '../../core/isolation/process-identity.ts';
import { type Announcement, announcements } from './announcement.ts';

/** The gateways of this user that run now, oldest first. What ended ones left is removed. */
export async function findGateways(stateDir: string): Promise<readonly Announcement[]> {
  const folder = announcements(stateDir);
  const names = await readdir(folder).catch(() => []);
  const found: Announcement[] = [];
  for (const name of names.filter((one) => /^[0-9]+\.json$/.test(one))) {
    const path = join(folder, name);
    const announcement = await readAnnouncement(path);
    if (announcement && isAlive(announcement)) {
      found.push(announcement);
      continue;
    }
    await rm(path, { force: true });
    if (announcement && process.platform !== 'win32')
      await rm(announcement.socket, { force: true });
  }
  return found.sort((a, b) => (a.startedAt < b.startedAt ? -1 : 1));
}

async function readAnnouncement(path: string): Promise<Announcement | undefined> {
  try {
    const value = JSON.parse(await readFile(path, 'utf8')) as Partial<Announcement>;
    const isWhole =
      Number.isInteger(value.pid) &&
      [value.started, value.socket, value.token, value.startedAt].every(
        (part) => typeof part === 'string',
      );
    // Removing what such a file names must never reach beyond sockets.
    return isWhole && isSocketName(value.socket as string) ? (value as Announcement) : undefined;
  } catch {
    return undefined;
  }
}

function isSocketName(socket: string): boolean {
  return (
    /(^|[\\/])(gateway-)?[0-9]+\.sock$/.test(socket) || socket.startsWith('\\\\.\\pipe\\portolan-')
  );
}
