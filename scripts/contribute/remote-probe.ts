import tls from 'node:tls';
import { messageOf } from '../../core/errors.ts';

/** What an endpoint lets a stranger see. */
export interface RemoteProbe {
  readonly reachable: boolean;
  /** HTTP status of the answer to `initialize`. */
  readonly status?: number;
  readonly transport?: 'streamable-http' | 'sse';
  /** token: refuses, but announces no OAuth. */
  readonly auth?: 'none' | 'oauth' | 'token';
  /** How a client gets its id, where the authorization server tells. */
  readonly registration?: 'dynamic' | 'metadata-document' | 'manual';
  /** What the server calls itself, where it answers without a sign-in. */
  readonly serverInfo?: { readonly name?: string; readonly title?: string };
  /** End of the certificate's validity, RFC 3339. */
  readonly certificateUntil?: string;
  /** Why it is not reachable, or what is odd. */
  readonly fact?: string;
}

type Fetch = typeof globalThis.fetch;

const MAX_BYTES = 256 * 1024;
const INITIALIZE = JSON.stringify({
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'portolan-probe', version: '1.0.0' },
  },
});

/** Asks an endpoint who it is, without credentials. Never throws on what the endpoint does. */
export async function probeRemote(
  url: string,
  options: { readonly fetch?: Fetch; readonly timeout?: number } = {},
): Promise<RemoteProbe> {
  const { fetch = globalThis.fetch, timeout = 20_000 } = options;
  const signal = AbortSignal.timeout(timeout);
  let answer: Response;
  try {
    answer = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      signal,
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        'MCP-Protocol-Version': '2025-11-25',
      },
      body: INITIALIZE,
    });
  } catch (error) {
    return { reachable: false, fact: causeOf(error) };
  }
  const seen = { reachable: true, status: answer.status, ...(await certificateOf(url, timeout)) };
  if (answer.ok) {
    const serverInfo = await serverInfoIn(answer);
    return serverInfo
      ? { ...seen, transport: 'streamable-http', auth: 'none', serverInfo }
      : { ...seen, fact: 'answers, but not with MCP' };
  }
  await answer.body?.cancel().catch(() => {});
  if (answer.status === 401 || answer.status === 403) {
    return { ...seen, transport: 'streamable-http', ...(await authOf(url, answer, fetch, signal)) };
  }
  if (answer.status >= 300 && answer.status < 400) {
    return { ...seen, fact: `redirects to ${answer.headers.get('location')}` };
  }
  return (await isSse(url, fetch, signal))
    ? { ...seen, transport: 'sse', auth: 'none' }
    : { ...seen, fact: `answers with HTTP ${answer.status}` };
}

async function serverInfoIn(answer: Response): Promise<RemoteProbe['serverInfo'] | undefined> {
  const text = await readSome(answer);
  for (const line of text.split('\n')) {
    const json = line.startsWith('data:') ? line.slice(5) : line;
    try {
      const { result } = JSON.parse(json) as { result?: { serverInfo?: { name?: string } } };
      if (result?.serverInfo) return result.serverInfo;
    } catch {
      // Other lines of an event stream.
    }
  }
  return undefined;
}

/** An event stream stays open, so only its beginning is read: up to the first whole event. */
async function readSome(answer: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const chunk of answer.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      const isStream = answer.headers.get('content-type')?.includes('text/event-stream');
      if (text.length > MAX_BYTES || (isStream && /"result"[\s\S]*\n\r?\n/.test(text))) break;
    }
  } catch {
    // What arrived until then is what counts.
  }
  return text;
}

async function authOf(url: string, answer: Response, fetch: Fetch, signal: AbortSignal) {
  const challenge = answer.headers.get('www-authenticate') ?? '';
  const named = /resource_metadata="?([^",\s]+)/i.exec(challenge)?.[1];
  const { origin, pathname } = new URL(url);
  const candidates = [
    ...(named ? [named] : []),
    `${origin}/.well-known/oauth-protected-resource${pathname === '/' ? '' : pathname}`,
    `${origin}/.well-known/oauth-protected-resource`,
  ];
  for (const candidate of candidates) {
    const metadata = await readJson(candidate, fetch, signal);
    const [issuer] = Array.isArray(metadata?.authorization_servers)
      ? (metadata.authorization_servers as unknown[])
      : [];
    if (typeof issuer === 'string') {
      return { auth: 'oauth' as const, ...(await registrationOf(issuer, fetch, signal)) };
    }
  }
  // Before RFC 9728 the endpoint's own origin was the authorization server.
  const own = await registrationOf(origin, fetch, signal);
  return own.registration ? { auth: 'oauth' as const, ...own } : { auth: 'token' as const };
}

async function registrationOf(issuer: string, fetch: Fetch, signal: AbortSignal) {
  if (!URL.canParse(issuer)) return {};
  const { origin, pathname } = new URL(issuer);
  const path = pathname === '/' ? '' : pathname.replace(/\/$/, '');
  for (const address of [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}/.well-known/openid-configuration${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ]) {
    const metadata = await readJson(address, fetch, signal);
    if (!metadata?.token_endpoint) continue;
    if (metadata.client_id_metadata_document_supported === true) {
      return { registration: 'metadata-document' as const };
    }
    return {
      registration: metadata.registration_endpoint ? ('dynamic' as const) : ('manual' as const),
    };
  }
  return {};
}

async function readJson(
  url: string,
  fetch: Fetch,
  signal: AbortSignal,
): Promise<Record<string, unknown> | undefined> {
  try {
    const answer = await fetch(url, { signal, headers: { Accept: 'application/json' } });
    const text = await readSome(answer);
    const value: unknown = answer.ok ? JSON.parse(text) : undefined;
    return typeof value === 'object' && value ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

async function isSse(url: string, fetch: Fetch, signal: AbortSignal): Promise<boolean> {
  try {
    const answer = await fetch(url, { signal, headers: { Accept: 'text/event-stream' } });
    await answer.body?.cancel();
    return answer.ok && answer.headers.get('content-type')?.includes('text/event-stream') === true;
  } catch {
    return false;
  }
}

async function certificateOf(url: string, timeout: number): Promise<{ certificateUntil?: string }> {
  const { protocol, hostname, port } = new URL(url);
  if (protocol !== 'https:') return {};
  return await new Promise((resolve) => {
    const socket = tls.connect({ host: hostname, port: Number(port || 443), servername: hostname });
    const finish = (result: { certificateUntil?: string }) => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(timeout, () => finish({}));
    socket.once('error', () => finish({}));
    socket.once('secureConnect', () => {
      const { valid_to: until } = socket.getPeerCertificate();
      finish(until ? { certificateUntil: new Date(until).toISOString() } : {});
    });
  });
}

/** fetch says "fetch failed"; the reason is in its cause. */
function causeOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  return cause === undefined ? messageOf(error) : messageOf(cause);
}
