import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isOurState, stateName } from '../relay/hold.ts';
import { isObject } from '../relay/protocol.ts';
import { isModernRequest } from './modern-headers.ts';

/** What a gateway knows of the other replicas behind the same balancer. */
export interface Replicas {
  /** A new name for a session or a held call; any replica can tell from it where that lives. */
  newName(): string;
  /** Where a request must go on: URL of another replica, or undefined when it is for this one. */
  homeOf(headers: IncomingHttpHeaders, body?: unknown): string | undefined;
}

/** Marks a request that another replica has passed on, so that it is passed on once only. */
export const PASSED_ON = 'portolan-passed-on';

const IV = 12;
const TAG = 16;

/**
 * Names of sessions and held calls that say, sealed with a key that all replicas share, which of
 * them has the session or call. Nobody without the key can make one, so no client can send a
 * replica to an address of its choosing, and none learns the addresses.
 *
 * `secret` is what all replicas share; `url` is where the others reach this one's endpoint.
 */
export function openReplicas(secret: string, url: string): Replicas {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'portolan replica name', 32));
  const seal = (text: string) => {
    const iv = randomBytes(IV);
    const cipher = createCipheriv('aes-256-gcm', key, iv);
    return Buffer.concat([iv, cipher.update(text), cipher.final(), cipher.getAuthTag()]);
  };
  const unseal = (name: string): string | undefined => {
    const bytes = Buffer.from(name, 'base64url');
    if (bytes.length <= IV + TAG || bytes.length > 2048) return undefined;
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV));
    decipher.setAuthTag(bytes.subarray(-TAG));
    try {
      return decipher.update(bytes.subarray(IV, -TAG), undefined, 'utf8') + decipher.final('utf8');
    } catch {
      return undefined;
    }
  };
  return {
    newName: () => seal(url).toString('base64url'),
    homeOf(headers, body) {
      if (headers[PASSED_ON] !== undefined) return undefined;
      const name = nameIn(headers, body);
      const home = name === undefined ? undefined : unseal(name);
      return home === url ? undefined : home;
    },
  };
}

/** The session or held call that a request belongs to. */
function nameIn(headers: IncomingHttpHeaders, body: unknown): string | undefined {
  if (isModernRequest(headers, body)) {
    const state = isObject(body) && isObject(body.params) ? body.params.requestState : undefined;
    return isOurState(state) ? stateName(state) : undefined;
  }
  // A client that begins anew may still send the id of the session that it lost.
  if (isObject(body) && body.method === 'initialize') return undefined;
  const id = headers['mcp-session-id'];
  return typeof id === 'string' ? id : undefined;
}
