import { join, resolve } from 'node:path';
import { PortolanError } from '../../core/errors.ts';
import type { KnownSecrets } from '../policy/known-secrets.ts';
import type { Policies } from '../policy/load-policy.ts';
import { isRequired } from './audit-event.ts';
import { type AuditLog, openAuditLog } from './audit-log.ts';

/**
 * The audit log that `--audit` asks for: a file, `off`, or `audit.jsonl` in the state folder.
 * Throws `forbidden` / `AUDIT_REQUIRED` for `off` where a policy wants one.
 */
export function openCallAudit(options: {
  readonly file: string | undefined;
  readonly policies: Policies;
  readonly secrets: KnownSecrets;
  /** The state folder. */
  readonly state: string;
  readonly log?: (line: string) => void;
}): AuditLog | undefined {
  const { file, policies, secrets, state, log } = options;
  if (file === 'off') {
    if (!isRequired(policies)) return undefined;
    throw new PortolanError(
      'forbidden',
      'AUDIT_REQUIRED',
      'the policy wants every call in the audit log; leave --audit off out',
    );
  }
  return openAuditLog({
    path: file ? resolve(file) : join(state, 'audit.jsonl'),
    redact: secrets.redact,
    ...(log && { log }),
  });
}
