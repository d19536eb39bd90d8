import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  SSEClientTransport,
  StreamableHTTPClientTransport,
  type Transport,
} from '@modelcontextprotocol/client';
import { resolveEntry, type Settings } from '../../../core/entry/resolve.ts';
import type { ServerEntry } from '../../../core/entry/types.generated.ts';
import { hasErrno, PortolanError } from '../../../core/errors.ts';
import {
  type Channel,
  detectIsolation,
  ensureNpmTree,
  launch,
  treePlatform,
} from '../../../core/isolation/index.ts';
import { transportOf } from './channel-transport.ts';

/** A server that can be connected to; each connection is a run of its own. */
export interface OpenServer {
  connect(signal: AbortSignal): Promise<Transport>;
  /** Recent stderr of a local server. */
  diagnostics(): string;
  /** Ends all runs. */
  close(): Promise<void>;
}

/** Installed trees, shared by all captures of this clone. */
const TREES = join(import.meta.dirname, '..', '..', '..', '.portolan', 'trees');

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
  const tree =
    entry.npm &&
    (await ensureNpmTree(entry, await readLock(entry, folder), TREES, {
      platform: treePlatform({ entry }, await detectIsolation()),
    }));
  const channels: Channel[] = [];
  return {
    connect: async (signal) => {
      const plan = { entry, resolved, ...(tree ? { tree } : {}) };
      const channel = await launch(plan, { signal, graceMs: 300 });
      channels.push(channel);
      return transportOf(channel);
    },
    diagnostics: () => channels.map((channel) => channel.diagnostics?.() ?? '').join('\n'),
    close: async () => {
      await Promise.all(channels.map((channel) => channel.close()));
    },
  };
}

async function readLock({ name }: ServerEntry, folder: string): Promise<Uint8Array> {
  try {
    return await readFile(join(folder, 'package-lock.json'));
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error;
    throw new PortolanError(
      'usage',
      'LOCKFILE_MISSING',
      `${folder} has no package-lock.json; make it first with \`npm run lock -- ${name}\``,
    );
  }
}
