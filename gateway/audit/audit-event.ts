import type { Policies } from '../policy/load-policy.ts';
import type { AuditEvent } from '../relay/relay.ts';

/** What the audit log takes: the relay's events, and what policy and scan add. */
export type AuditRecord = Omit<AuditEvent, 'event'> & {
  readonly event:
    | AuditEvent['event']
    | 'server-refused'
    | 'server-added'
    | 'server-removed'
    | 'secret-found';
  /** Profile that it happened in; absent for servers that were named. */
  readonly profile?: string;
};

/** Whether a policy wants every call in the audit log. */
export function isRequired(policies: Policies): boolean {
  return policies.some(({ policy }) => policy.audit?.required === true);
}
