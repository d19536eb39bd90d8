import { join } from 'node:path';
import { resolveEntry, type Settings } from '../../core/entry/resolve.ts';
import type { ServerEntry } from '../../core/entry/types.generated.ts';
import type { Channel, JsonRpcMessage } from '../../core/isolation/channel.ts';
import { launch } from '../../core/isolation/launch.ts';
import type { LaunchOptions, LaunchPlan } from '../../core/isolation/types.ts';

const folder = join(import.meta.dirname, '..', 'fixtures', 'servers', 'probe');

/** An npm entry whose tree is the probe server, with the given parts of the entry. */
export function probeEntry(parts: Partial<ServerEntry> = {}): ServerEntry {
  return {
    name: 'probe',
    version: '1.0.0',
    title: 'Probe',
    description: 'Tells what it can see.',
    categories: ['testing'],
    license: 'Apache-2.0',
    publisher: { name: 'Portolan', url: 'https://example.com' },
    links: {},
    npm: { package: 'probe', version: '1.0.0', integrity: `sha512-${'A'.repeat(86)}==` },
    permissions: { network: 'none' },
    tools: 'static',
    ...parts,
  };
}

/** The plan of a probe. */
export function probePlan(
  parts: Partial<ServerEntry> = {},
  settings: Partial<Settings> = {},
): LaunchPlan {
  const entry = probeEntry(parts);
  const resolved = resolveEntry(entry, { parameters: {}, secrets: {}, ...settings });
  return entry.npm
    ? { entry, resolved, tree: { folder, script: 'server.mjs' } }
    : { entry, resolved };
}

/** What a tool of the probe answered. */
export interface Answer {
  readonly ok: boolean;
  /** The tool's result, or the words of its error. */
  // biome-ignore lint/suspicious/noExplicitAny: every tool of the probe has its own shape
  readonly value: any;
}

/** A running probe. */
export interface Probe {
  readonly channel: Channel;
  /** Reason with which the channel closed by itself. */
  readonly closed: Promise<Error | undefined>;
  /** Any request; resolves to the whole answer. */
  request(method: string, params: Record<string, unknown>): Promise<JsonRpcMessage>;
  call(tool: string, args?: Record<string, unknown>): Promise<Answer>;
}

/** Starts a probe; close its channel after the test. */
export async function startProbe(plan: LaunchPlan, options: LaunchOptions): Promise<Probe> {
  return converse(await launch(plan, options));
}

/** Speaks with a server whose channel is open. */
export async function converse(channel: Channel): Promise<Probe> {
  let next = 0;
  const waiting = new Map<number, (message: JsonRpcMessage) => void>();
  const closed = new Promise<Error | undefined>((resolve) => {
    channel.onClose = resolve;
  });
  channel.onMessage = (message) => waiting.get(Number(message.id))?.(message);
  const request = async (method: string, params: Record<string, unknown>) => {
    next += 1;
    const id = next;
    const answer = new Promise<JsonRpcMessage>((resolve) => waiting.set(id, resolve));
    await channel.send({ jsonrpc: '2.0', id, method, params });
    const end = closed.then((reason) => {
      throw new Error(`closed: ${reason?.message}\n${channel.diagnostics?.()}`);
    });
    return Promise.race([answer, end]);
  };
  await request('initialize', {
    protocolVersion: '2025-06-18',
    capabilities: {},
    clientInfo: { name: 'test', version: '1' },
  });
  return {
    channel,
    closed,
    request,
    async call(name, args = {}) {
      const { result } = await request('tools/call', { name, arguments: args });
      const [content] = (result?.content ?? []) as { text: string }[];
      const text = content?.text ?? '';
      return result?.isError ? { ok: false, value: text } : { ok: true, value: JSON.parse(text) };
    },
  };
}
