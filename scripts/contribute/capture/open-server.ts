import {
  SSEClientTransport,
  StreamableHTTPClientTransport,
  type Transport,
} from '@modelcontextprotocol/client';
import { resolveEntry, type Settings } from '../../../core/entry/resolve.ts';
import type { ServerEntry } from '../../../core/entry/types.generated.ts';
import type { Channel } from '../../../core/isolation/channel.ts';
import { transportOf } from './channel-transport.ts';
import { launch } from './temporary-launch.ts';

/** A server that can be connected to; each connection is a run of its own. */
export interface OpenServer {
  connect(): Promise<Transport>;
  /** Recent stderr of a local server. */
  diagnostics(): string;
  /** Ends all runs. */
  close(): Promise<void>;
}

/** Starts (npm, container) or reaches (remote) the server of an entry, with the given settings. */
export async function openServer(
  entry: ServerEntry,
  folder: string,
  settings: Settings,
): Promise<OpenServer> {
  const resolved = resolveEntry(entry, settings);
  if (entry.remote) {
    const url = new URL(resolved.url ?? entry.remote.url);
    const options = { requestInit: { headers: resolved.headers } };
    const { transport } = entry.remote;
    return {
      connect: async () =>
        transport === 'sse'
          ? new SSEClientTransport(url, options)
          : new StreamableHTTPClientTransport(url, options),
      diagnostics: () => '',
      close: async () => {},
    };
  }
  const channels: Channel[] = [];
  return {
    connect: async () => {
      const channel = await launch(entry, resolved, folder);
      channels.push(channel);
      return transportOf(channel);
    },
    diagnostics: () => channels.map((channel) => channel.diagnostics?.() ?? '').join('\n'),
    close: async () => {
      await Promise.all(channels.map((channel) => channel.close()));
    },
  };
}
