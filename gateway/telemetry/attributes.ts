import type { Attributes } from '@opentelemetry/api';
import type { JsonRpcMessage } from '../../core/isolation/channel.ts';
import type { LocalCause } from '../relay/connection.ts';

/** Methods by name; any other text of a client would be a new series of numbers for each of them. */
const METHODS = new Set([
  'completion/complete',
  'initialize',
  'logging/setLevel',
  'ping',
  'prompts/get',
  'prompts/list',
  'resources/list',
  'resources/read',
  'resources/subscribe',
  'resources/templates/list',
  'resources/unsubscribe',
  'server/discover',
  'subscriptions/listen',
  'tasks/cancel',
  'tasks/get',
  'tasks/list',
  'tasks/result',
  'tasks/update',
  'tools/call',
  'tools/list',
]);

export function methodName(method: string): string {
  return METHODS.has(method) ? method : '_OTHER';
}

/** The tool or prompt, by the server's own name. */
export function targetOf(method: string, name: string | undefined): Attributes {
  if (!name) return {};
  if (method === 'tools/call') return { 'gen_ai.tool.name': name };
  if (method === 'prompts/get') return { 'gen_ai.prompt.name': name };
  return {};
}

/** The profile that a caller is served; nothing for servers that were named. */
export function profileOf(profile: string | undefined): Attributes {
  return profile === undefined ? {} : { 'portolan.profile': profile };
}

/** How a request ended; nothing when it went well. */
export function outcomeOf(
  message: JsonRpcMessage | undefined,
  cause: LocalCause | 'cancelled' | undefined,
): Attributes {
  if (message?.error) {
    const code = String(message.error.code);
    return { 'error.type': code, 'rpc.response.status_code': code };
  }
  if (message?.result?.isError === true) return { 'error.type': 'tool_error' };
  return cause === undefined ? {} : { 'error.type': cause };
}
