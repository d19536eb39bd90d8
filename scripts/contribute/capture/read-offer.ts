import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type Transport } from '@modelcontextprotocol/client';
import { messageOf, PortolanError } from '../../../core/errors.ts';
import type { Item, Offer } from './offer.ts';

/** Capabilities are announced in full, since servers leave out tools that a client could not use. */
const CAPABILITIES = {
  roots: { listChanged: true },
  sampling: {},
  elicitation: { form: {}, url: {} },
};

const MAX_ITEMS = 1_000;
const MAX_PAGES = 100;
// server-everything, the reference, adds tools 350 ms after the handshake and then says so.
const SETTLE_MS = 600;
const MAX_ROUNDS = 5;
// The time box is the caller's signal; the SDK's own limit for each request must not come first.
const REQUEST_MS = 60 * 60_000;

/**
 * Connects to a server and reads all that it offers. `open` gives a fresh connection: the handshake
 * of 2025-11-25 and before comes first, as some servers exit on anything else; one that knows only
 * 2026-07-28 is asked again in its own way.
 */
export async function readOffer(
  open: (signal: AbortSignal) => Promise<Transport>,
  signal: AbortSignal,
): Promise<Offer> {
  try {
    return await readWith('legacy', await open(signal), signal);
  } catch (error) {
    if (signal.aborted || !isForeignEra(error)) throw error;
    return await readWith({ pin: '2026-07-28' }, await open(signal), signal);
  }
}

async function readWith(
  mode: 'legacy' | { pin: string },
  transport: Transport,
  signal: AbortSignal,
): Promise<Offer> {
  const client = new Client(
    { name: 'portolan-capture', version: '1.0.0' },
    { capabilities: CAPABILITIES, versionNegotiation: { mode } },
  );
  client.setRequestHandler('roots/list', () => ({ roots: [] }));
  let changed = false;
  client.fallbackNotificationHandler = async ({ method }) => {
    if (method.endsWith('/list_changed')) changed = true;
  };
  const stop = () => void client.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    await client.connect(transport, { signal, timeout: REQUEST_MS });
    let offer = await readLists(client, signal);
    for (let round = 1; round < MAX_ROUNDS; round += 1) {
      await sleep(SETTLE_MS, undefined, { signal });
      if (!changed) break;
      changed = false;
      offer = await readLists(client, signal);
    }
    return offer;
  } finally {
    signal.removeEventListener('abort', stop);
    await client.close();
  }
}

async function readLists(client: Client, signal: AbortSignal): Promise<Offer> {
  const capabilities = client.getServerCapabilities() ?? {};
  const all = (method: string, key: string, announced: unknown) =>
    announced === undefined ? [] : readPages(client, method, key, signal);
  const serverInfo = client.getServerVersion();
  const instructions = client.getInstructions();
  const protocolVersion = client.getNegotiatedProtocolVersion();
  return {
    ...(protocolVersion ? { protocolVersion } : {}),
    serverInfo: serverInfo ?? { name: '' },
    ...(instructions ? { instructions } : {}),
    capabilities: { ...capabilities },
    tools: await all('tools/list', 'tools', capabilities.tools),
    prompts: await all('prompts/list', 'prompts', capabilities.prompts),
    resources: await all('resources/list', 'resources', capabilities.resources),
    resourceTemplates: await all(
      'resources/templates/list',
      'resourceTemplates',
      capabilities.resources,
    ),
  };
}

async function readPages(
  client: Client,
  method: string,
  key: string,
  signal: AbortSignal,
): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const result = await ask(client, method, cursor, signal);
    const list = result?.[key];
    if (result && !Array.isArray(list)) {
      throw new PortolanError('malformed', 'OFFER_MALFORMED', `${method} gives no list of ${key}`);
    }
    items.push(...((list ?? []) as Item[]));
    if (items.length > MAX_ITEMS) break;
    cursor = typeof result?.nextCursor === 'string' ? result.nextCursor : undefined;
    if (cursor === undefined) return items;
  }
  throw new PortolanError(
    'malformed',
    'OFFER_TOO_LONG',
    `${method} gives more than ${MAX_ITEMS} ${key} or ${MAX_PAGES} pages; mark the entry's tools as dynamic`,
  );
}

/** The raw result, since tools.json keeps fields that no SDK knows; undefined: not implemented. */
async function ask(
  client: Client,
  method: string,
  cursor: string | undefined,
  signal: AbortSignal,
): Promise<Item | undefined> {
  try {
    const params = cursor === undefined ? {} : { cursor };
    return (await client.request({ method, params }, asItIs, {
      signal,
      timeout: REQUEST_MS,
    })) as Item;
  } catch (error) {
    if ((error as { code?: unknown }).code === -32601) return undefined;
    throw error;
  }
}

/** A Standard Schema (standardschema.dev) that lets everything through unchanged. */
const asItIs = {
  '~standard': {
    version: 1 as const,
    vendor: 'portolan',
    validate: (value: unknown) => ({ value }),
  },
};

/** `initialize` refused as unknown, or no revision in common: a server of the newer era only. */
function isForeignEra(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return (
    code === -32601 || code === -32022 || /protocol version|initialize/i.test(messageOf(error))
  );
}
