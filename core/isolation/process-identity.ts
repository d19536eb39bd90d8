import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A process for as long as it lives: process ids are used again, start times tell them apart. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in the system's own notation; empty where the system does not tell. */
  readonly started: string;
}

/** Identity of a process; `started` is empty when it is gone or the system does not tell. */
export function identityOf(pid: number): ProcessIdentity {
  return { pid, started: startOf(pid) };
}

/** Whether that very process still runs. */
export function isAlive({ pid, started }: ProcessIdentity): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it exists, but is someone else's.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const now = startOf(pid);
  return started === '' || now === '' || started === now;
}

function startOf(pid: number): string {
  if (process.platform === 'linux') {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // Field 22, counted after the command, which may itself hold spaces and parentheses.
      return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    } catch {
      return '';
    }
  }
  if (process.platform === 'win32') return '';
  const { stdout } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout?.trim() ?? '';
}
