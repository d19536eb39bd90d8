import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { VerifiedServer } from '../../core/catalog/read-server.ts';
import { PortolanError } from '../../core/errors.ts';
import type { CatalogSet } from '../catalog/catalog-set.ts';
import { detectOnce } from '../compose/detect-once.ts';
import { type IsolationChoice, isolationOptions } from '../compose/isolation-options.ts';
import { openVaultOnce } from '../compose/open-vault-once.ts';
import { selectUpstreams } from '../compose/upstreams.ts';
import { portolanPaths } from '../paths.ts';
import { type KnownSecrets, knownSecrets } from '../policy/known-secrets.ts';
import { pinnedServer } from '../profile/pinned-server.ts';
import type { ProfileContext } from '../profile/profile-context.ts';
import { Connection, envelope, greet } from '../relay/connection.ts';
import { fetchList, type ListKind, type LiveList } from '../relay/line.ts';
import { CODE, errorMessage, isObject, type JsonObject, RpcError } from '../relay/protocol.ts';
import type { Upstream } from '../relay/upstream.ts';
import { type CatalogOptions, openCatalogs } from './catalog-access.ts';
import { note } from './print.ts';
import { chosenContext, type ProfileOptions } from './profile-options.ts';
import { version } from './version.ts';

/** Options of commands that start one server. */
export interface ServerOptions extends CatalogOptions, IsolationChoice, ProfileOptions {
  readonly set: readonly string[];
  readonly json?: true;
}

/** A verified server with its settings, not started yet. */
export interface ChosenServer {
  readonly server: VerifiedServer;
  readonly upstream: Upstream;
  /** What it is given as secrets, once it was started. */
  readonly secrets: KnownSecrets;
  readonly profile: ProfileContext;
}

/** A verified server, looked at and not configured: nothing that it needs has to be set. */
export interface FoundServer {
  readonly server: VerifiedServer;
  readonly profile: ProfileContext;
  readonly catalogs: CatalogSet;
}

/** Finds and verifies one server, at the version that the profile pins. */
export async function findServer(text: string, options: ServerOptions): Promise<FoundServer> {
  const paths = portolanPaths();
  const profile = await chosenContext(options, paths);
  const catalogs = await openCatalogs({ ...options, catalogs: profile.catalogs }, paths, note);
  return { server: await pinnedServer(catalogs, text, profile), profile, catalogs };
}

/** Finds, verifies and configures one server as `portolan run` would with the profile. */
export async function chooseServer(text: string, options: ServerOptions): Promise<ChosenServer> {
  return configureServer(text, await findServer(text, options), options);
}

/** Gives a server its settings. Throws what selectUpstreams throws. */
export async function configureServer(
  text: string,
  { server, profile, catalogs }: FoundServer,
  options: ServerOptions,
): Promise<ChosenServer> {
  const paths = portolanPaths();
  const secrets = knownSecrets();
  const [upstream] = await selectUpstreams(
    // Read and verified above; once is enough.
    { ...catalogs, server: async () => server },
    { servers: [text], all: false, set: options.set, profile },
    {
      storeDir: join(paths.cache, 'npm'),
      log: note,
      detect: detectOnce(),
      vault: openVaultOnce(paths),
      secrets,
      isolation: { ...isolationOptions(options), owner: randomUUID(), onNotice: note },
    },
  );
  if (!upstream) throw new PortolanError('usage', 'SERVER_UNKNOWN', `there is no server "${text}"`);
  return { server, upstream, secrets, profile };
}

/** A running server, spoken to directly. */
export interface Conversation {
  ask(
    method: string,
    params: JsonObject,
    onProgress?: (params: JsonObject) => void,
  ): Promise<JsonObject>;
  list(kind: ListKind): Promise<LiveList>;
}

const START_TIMEOUT_MS = 120_000;
/** Some servers offer certain tools only to clients that can do all this, as at their capture. */
const CAPABILITIES = { roots: {}, sampling: {}, elicitation: { form: {}, url: {} } };

/** Starts a server, does the work, and stops the server whatever happens. */
export async function withServer<T>(
  upstream: Upstream,
  work: (conversation: Conversation) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  const channel = await upstream.open({ signal: stop.signal });
  const clientInfo = { name: 'portolan', version };
  const connection = new Connection(
    channel,
    {
      eras: upstream.eras ?? ['legacy', 'modern'],
      clientInfo,
      clientCapabilities: CAPABILITIES,
      callTimeoutMs: CALL_TIMEOUT_MS,
    },
    {
      notification() {},
      // Nobody is there to ask; a question that stays open would keep the server waiting.
      request: (message) =>
        connection.send(
          message.method === 'roots/list'
            ? { jsonrpc: '2.0', id: message.id ?? null, result: { roots: [] } }
            : errorMessage(message.id ?? null, CODE.internal, 'there is nobody to ask here'),
        ),
      closed() {},
      stray() {},
    },
  );
  const meta = (): JsonObject | undefined =>
    connection.greeting.era === 'modern' ? envelope(clientInfo, CAPABILITIES) : undefined;
  try {
    await greet(connection, START_TIMEOUT_MS);
    return await work({
      list: (kind) => fetchList(connection, kind, meta, START_TIMEOUT_MS),
      ask: (method, params, onProgress) => {
        const _meta = meta();
        return ask(connection, method, _meta ? { ...params, _meta } : params, onProgress);
      },
    });
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    const words = channel.diagnostics?.().trim();
    throw new PortolanError(
      'failed',
      'SERVER_FAILED',
      `${upstream.name} answered with an error: ${error.message}${words ? `\nIts last words:\n${words}` : ''}`,
      { cause: error },
    );
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
    await channel.close();
  }
}

const CALL_TIMEOUT_MS = 300_000;

function ask(
  connection: Connection,
  method: string,
  params: JsonObject,
  onProgress?: (params: JsonObject) => void,
): Promise<JsonObject> {
  return new Promise((resolve, reject) => {
    connection.request(
      method,
      params,
      {
        deadline: Date.now() + CALL_TIMEOUT_MS,
        settle: ({ result, error }) =>
          error
            ? reject(new RpcError(error.code, error.message, error.data))
            : resolve(isObject(result) ? result : {}),
        progress: (message) => onProgress?.(message.params ?? {}),
      },
      onProgress !== undefined,
    );
  });
}
