import { PortolanError } from '../../core/errors.ts';
import { type AuditRecord, isRequired } from '../audit/audit-event.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import type { JsonObject } from '../relay/protocol.ts';
import type { CallDecision, CallInfo, GatewayOptions } from '../relay/relay.ts';
import { refusalOfTool, refusalText } from './decide.ts';
import { concerned, intercept } from './interceptors.ts';
import type { KnownSecrets } from './known-secrets.ts';
import type { Policies } from './load-policy.ts';
import { scanMode, scanValue } from './scan.ts';

export interface GuardOptions {
  readonly policies: Policies;
  readonly secrets: KnownSecrets;
  readonly audit?: AuditLog;
  /** Told what the scan finds; the audit log when absent. */
  readonly record?: (record: AuditRecord) => void;
}

/** The hooks of the relay, made of policy, scan, interceptors and audit log. */
export type CallGuard = Required<Pick<GatewayOptions, 'allowTool' | 'beforeCall' | 'afterCall'>>;

/**
 * Guards every call: tools that the policy refuses are not there, arguments and results are scanned
 * for secrets, interceptors are asked. The scan comes first, so that no interceptor sees a secret.
 */
export function guardCalls(options: GuardOptions): CallGuard {
  const { policies, secrets, audit, record = audit?.write } = options;
  const modes = {
    arguments: scanMode(policies, 'arguments'),
    results: scanMode(policies, 'results'),
  };
  const auditRequired = isRequired(policies);
  const verdicts = new Map<string, boolean>();

  const report = (call: CallInfo, where: string, found: readonly string[]) => {
    if (found.length === 0) return;
    record?.(recordOf(call, 'secret-found', `${where}: ${found.join(', ')}`));
  };

  return {
    allowTool(server, tool) {
      const key = `${server}\n${tool}`;
      let verdict = verdicts.get(key);
      if (verdict === undefined) {
        if (verdicts.size > 10_000) verdicts.clear();
        verdict = refusalOfTool(policies, server, tool) === undefined;
        verdicts.set(key, verdict);
      }
      return verdict;
    },
    async beforeCall(call): Promise<CallDecision> {
      if (auditRequired && (!audit || audit.failure)) {
        throw new PortolanError(
          'forbidden',
          'AUDIT_REQUIRED',
          `the policy wants every call in the audit log, which cannot be written: ${audit?.failure ?? 'it is off'}`,
        );
      }
      if (call.method === 'tools/call') {
        const refusal = refusalOfTool(policies, call.server, call.name);
        if (refusal) return { refuse: refusalText(refusal) };
      }
      const { arguments: values } = call.params;
      if (values !== undefined) {
        report(
          call,
          'arguments',
          await scanValue(values, modes.arguments, secrets, 'the arguments'),
        );
      }
      if (concerned(policies, 'before', call).length === 0) return undefined;
      const changed = await intercept(policies, 'before', call);
      return changed.arguments && { arguments: changed.arguments };
    },
    async afterCall(call, result): Promise<JsonObject> {
      report(call, 'result', await scanValue(result, modes.results, secrets, 'the result'));
      if (concerned(policies, 'after', call).length === 0) return result;
      return (await intercept(policies, 'after', call, result)).result ?? result;
    },
  };
}

function recordOf(call: CallInfo, event: AuditRecord['event'], detail: string): AuditRecord {
  return {
    event,
    server: call.server,
    ...(call.digest !== undefined && { digest: call.digest }),
    principal: call.principal,
    method: call.method,
    name: call.name,
    detail,
  };
}
