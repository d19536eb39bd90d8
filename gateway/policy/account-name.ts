import { userInfo } from 'node:os';

/** Account of the operating system; its number where a container gives it no name. */
export function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
