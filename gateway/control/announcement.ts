import { createHash, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import type { ProcessIdentity } from '../../core/isolation/process-identity.ts';

/** What a running gateway writes about itself, for commands of the same user. */
export interface Announcement extends ProcessIdentity {
  /** Path of a Unix socket, or name of a pipe on Windows. */
  readonly socket: string;
  /** Each request carries it: Windows lets other users open the pipe. */
  readonly token: string;
  readonly version: string;
  /** ISO 8601. */
  readonly startedAt: string;
}

/** A request on the control socket, one JSON text a line. */
export interface ControlRequest {
  readonly id: number;
  readonly token: string;
  readonly method: 'status' | 'stop' | 'events';
  readonly server?: string;
}

/** What comes back: answers by id, and events after they were asked for. */
export type ControlMessage =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: { readonly code: string; readonly message: string } }
  | { readonly event: unknown };

/** Folder of the announcements: one file for each gateway. */
export function announcements(stateDir: string): string {
  return join(stateDir, 'gateways');
}

/** Compares without telling by the time it takes how much of it is right. */
export function isToken(given: unknown, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return typeof given === 'string' && timingSafeEqual(digest(given), digest(token));
}
