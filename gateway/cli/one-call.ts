import { PortolanError } from '../../core/errors.ts';
import { openCallAudit } from '../audit/open-call-audit.ts';
import { portolanPaths } from '../paths.ts';
import { policyError, refusalOfServer, refusalOfTool } from '../policy/decide.ts';
import { guardCalls } from '../policy/guard-calls.ts';
import { loadPolicies } from '../policy/load-policy.ts';
import { toolRefusal } from '../profile/tool-switch.ts';
import type { JsonObject } from '../relay/protocol.ts';
import type { CallInfo } from '../relay/relay.ts';
import type { Definition } from '../relay/upstream.ts';
import type { ChosenServer, FoundServer } from './one-server.ts';
import { note } from './print.ts';

/** Makes one call within the policy; `call` gets the arguments as scan and interceptors left them. */
export type GuardedCall = (
  values: JsonObject,
  call: (values: JsonObject) => Promise<JsonObject>,
) => Promise<JsonObject>;

/**
 * Puts a call from the command line under the same rules as one of a client: policy, scan,
 * interceptors and audit log. Throws `forbidden` with
 * `POLICY_REFUSED` or `TOOL_OFF` before the server is started.
 */
export async function guardOneCall(
  { upstream, secrets }: ChosenServer,
  method: CallInfo['method'],
  name: string,
): Promise<GuardedCall> {
  const paths = portolanPaths();
  const policies = await loadPolicies(paths);
  const refusal = method === 'tools/call' && refusalOfTool(policies, upstream.name, name);
  if (refusal) throw policyError(refusal);
  const off = method === 'tools/call' ? upstream.toolRefusal?.(name) : undefined;
  if (off !== undefined) throw new PortolanError('forbidden', 'TOOL_OFF', off);
  return async (values, call) => {
    const audit = openCallAudit({
      file: undefined,
      policies,
      secrets,
      state: paths.state,
      log: note,
    });
    const { beforeCall, afterCall } = guardCalls({ policies, secrets, ...(audit && { audit }) });
    const info: CallInfo = {
      server: upstream.name,
      ...(upstream.digest !== undefined && { digest: upstream.digest }),
      method,
      name,
      principal: 'command line',
      params: method === 'resources/read' ? { uri: name } : { name, arguments: values },
    };
    const started = Date.now();
    const record = (verdict: 'ok' | 'error' | 'refused') =>
      audit?.write({ ...info, event: 'call', verdict, durationMs: Date.now() - started });
    try {
      const decision = await beforeCall(info);
      if (decision && 'refuse' in decision) {
        throw new PortolanError('forbidden', 'POLICY_REFUSED', decision.refuse);
      }
      const result = await call(decision ? decision.arguments : values);
      const passed = await afterCall(info, result);
      record(passed.isError === true ? 'error' : 'ok');
      return passed;
    } catch (error) {
      record(error instanceof PortolanError && error.kind === 'forbidden' ? 'refused' : 'error');
      throw error;
    } finally {
      await audit?.close();
    }
  };
}

/**
 * The tools of a list that the policy allows, and that the profile does not switch off. Throws
 * `forbidden` / `POLICY_REFUSED` for a server that may not run at all.
 */
export async function permittedTools(
  { server: { entry }, profile, catalogs }: FoundServer,
  tools: readonly Definition[],
): Promise<readonly Definition[]> {
  const { name: server } = entry;
  const policies = await loadPolicies();
  const { source } = catalogs.catalogOf(server, profile.locked(server));
  const refused = refusalOfServer(policies, server, { source });
  if (refused) throw policyError(refused);
  const wanted = profile.server(server) ?? {};
  return tools
    .filter(({ name }) => !refusalOfTool(policies, server, String(name)))
    .filter(({ name }) => !toolRefusal(wanted, server, String(name), profile.name));
}
