import { availableParallelism } from 'node:os';
import { messageOf, PortolanError } from '../../core/errors.ts';
import type { JsonRpcMessage } from '../../core/isolation/channel.ts';
import { wantsSignIn } from './ask-sign-in.ts';
import { isSame, type ToolDiff } from './compare.ts';
import { Connection, envelope, type Greeting, greet, PROBE_SAFE } from './connection.ts';
import type { Inbound } from './inbound.ts';
import { type KeptLists, listsToKeep, recallLists } from './kept-lists.ts';
import { fetchList, Knowledge, LISTS, type ListKind, type LiveList } from './line.ts';
import { type Era, type Implementation, type JsonObject, RpcError } from './protocol.ts';
import type { Subscriber } from './subscribe.ts';
import type { Tracing } from './tracing.ts';
import type { Definition, Upstream } from './upstream.ts';

/** What a server tells the gateway about itself while it runs. */
export interface ServerEvents {
  notification(line: Line, message: JsonRpcMessage): void;
  request(line: Line, message: JsonRpcMessage): void;
  /** The live definitions are not the signed ones. */
  differs(line: Line, kind: 'tools' | 'prompts', diff: ToolDiff): void;
  /** A list that clients may have seen is another one now. */
  listChanged(line: Line, kind: ListKind): void;
  /** A conversation can be used. */
  ready(line: Line): void;
  /** The server started, stopped or failed. */
  lifecycle(server: Server, event: 'started' | 'stopped' | 'failed', detail?: string): void;
  stray(server: Server, what: string): void;
}

/** A place for one conversation with the server, open or not yet. */
export interface Line {
  readonly server: Server;
  key: string;
  readonly capabilities: JsonObject;
  /** Key of the one client that it belongs to; absent when clients share it. */
  owner?: string;
  /** Knowledge of this kind of client: what a server lists may depend on what its client can do. */
  readonly knowledge: Knowledge;
  connection?: Connection;
  starting?: Promise<Line>;
  /** The request that caused the start, until the line is ready. */
  opener?: Inbound;
  /** The log level that the server was last told. */
  logLevel?: number;
  /** Who wants to hear of changes of which resource. */
  readonly subscriptions: Map<string, Set<Subscriber>>;
  /** The open `subscriptions/listen` request, on servers of the new era. */
  listenId?: number;
  /** Follow-up of list_changed notifications, one at a time. */
  readonly relisting: Map<ListKind, 'running' | 'again'>;
}

const DEFAULT_START_MS = 60_000;
const DEFAULT_CALL_MS = 300_000;
const DEFAULT_IDLE_MS = 600_000;
const MOST_LINES = 256;
/** Conversations of one caller without sessions, with a server that asks its client questions. */
const MOST_LANES = 16;
const RELIST_PAUSE_MS = 200;
/** A server that ran this long is not one that crashes at every start. */
const STEADY_MS = 10_000;

/** Several starts at once slow each other down, so no more run than there are cores. */
const slots = { free: Math.max(2, availableParallelism()), waiting: [] as (() => void)[] };

/** One upstream as the gateway runs it: its conversations, what is known of it, and its health. */
export class Server {
  /** Replaced by one of the same fingerprint when only what is offered of it changed. */
  upstream: Upstream;
  readonly lines = new Map<string, Line>();
  readonly #knowledge = new Map<string, Knowledge>();
  /** What it listed in an earlier run. */
  readonly #kept: KeptLists | undefined;
  readonly #events: ServerEvents;
  readonly #clientInfo: Implementation;
  readonly #tracing: Tracing | undefined;
  /**
   * Set when the server asked its client for something while several clients shared it: from then
   * on each client gets a conversation of its own, so that no answer can reach the wrong one.
   */
  personal = false;
  /** Subscriptions of conversations that broke, for the next one of the same kind. */
  readonly #lost = new Map<string, Line['subscriptions']>();
  /** What the server last said of itself; undefined before its first start. */
  greeting: Greeting | undefined;
  /** Starts under way, to end them with the gateway. */
  readonly #starts = new Set<AbortController>();
  #failures = 0;
  #startedAt = 0;
  #retryAt = 0;
  #lastFailure = '';
  #closed = false;

  constructor(
    upstream: Upstream,
    clientInfo: Implementation,
    events: ServerEvents,
    tracing?: Tracing,
  ) {
    this.upstream = upstream;
    this.#tracing = tracing;
    this.#clientInfo = clientInfo;
    this.#events = events;
    this.#kept = upstream.lists?.read();
    this.greeting = this.#kept?.greeting;
  }

  get callTimeoutMs(): number {
    return this.upstream.callTimeoutMs ?? DEFAULT_CALL_MS;
  }

  /** What is known of the live definitions for clients with these capabilities. */
  knowledge(capabilitiesKey: string): Knowledge {
    let known = this.#knowledge.get(capabilitiesKey);
    if (!known) {
      known = new Knowledge(capabilitiesKey);
      this.#knowledge.set(capabilitiesKey, known);
      if (this.#kept) recallLists(known, this.#kept);
    }
    return known;
  }

  /** The open conversation for this request, without starting one. */
  readyLine(inbound: Inbound): (Line & { connection: Connection }) | undefined {
    const line = this.lines.get(this.#keyFor(inbound));
    if (!line?.connection || line.starting) return undefined;
    return line as Line & { connection: Connection };
  }

  /** Opens a conversation for this request, or joins the start that is under way. */
  open(inbound: Inbound): Promise<Line> {
    const key = this.#keyFor(inbound);
    let line = this.lines.get(key);
    if (line?.starting) return line.starting;
    if (line?.connection) return Promise.resolve(line);
    const wait = this.#retryAt - performance.now();
    if (wait > 0) {
      return Promise.reject(
        new PortolanError(
          'failed',
          'SERVER_RESTING',
          `${this.#lastFailure}; the next start is tried in ${Math.ceil(wait / 1000)} s`,
        ),
      );
    }
    if (!line) {
      this.#makeRoom();
      line = {
        server: this,
        key,
        capabilities: inbound.capabilities,
        knowledge: this.knowledge(inbound.capabilitiesKey),
        relisting: new Map(),
        subscriptions: this.#lost.get(key) ?? new Map(),
        ...(this.#isPersonal && { owner: inbound.client.key }),
      };
      this.lines.set(key, line);
    }
    line.opener = inbound;
    line.starting = this.#start(line).finally(() => {
      line.starting = undefined;
      line.opener = undefined;
    });
    return line.starting;
  }

  /** A fresh list from a running line; compares it with what was signed. */
  async list(line: Line, kind: ListKind): Promise<{ list: LiveList; changed: boolean }> {
    const { connection } = line;
    if (!connection) throw new RpcError(-32603, 'the server is not running');
    const list = await fetchList(
      connection,
      kind,
      () => this.metaFor(line),
      this.upstream.startTimeoutMs ?? DEFAULT_START_MS,
    );
    const signed = this.signed(kind);
    const changed = line.knowledge.learn(kind, list, signed);
    if (this.greeting) {
      this.upstream.lists?.keep(listsToKeep(this.greeting, this.#knowledge.values()));
    }
    const diff = kind === 'tools' || kind === 'prompts' ? line.knowledge.diffs[kind] : undefined;
    if (changed && diff && !isSame(diff)) {
      this.#events.differs(line, kind as 'tools' | 'prompts', diff);
    }
    return { list, changed };
  }

  /** The signed definitions of one kind; undefined when they are not signed. */
  signed(kind: ListKind): readonly Definition[] | undefined {
    return this.upstream.signed?.[kind];
  }

  /** `_meta` of requests that the gateway makes by itself. */
  metaFor(line: Line): JsonObject | undefined {
    return line.connection?.greeting.era === 'modern'
      ? envelope(this.#clientInfo, line.capabilities)
      : undefined;
  }

  /** The server says that a list changed: read it again, one at a time however often it says so. */
  relist(line: Line, kind: ListKind): void {
    if (line.relisting.has(kind)) {
      line.relisting.set(kind, 'again');
      return;
    }
    line.relisting.set(kind, 'running');
    const run = async () => {
      do {
        line.relisting.set(kind, 'running');
        const { changed } = await this.list(line, kind);
        if (changed) this.#events.listChanged(line, kind);
        await new Promise((resolve) => setTimeout(resolve, RELIST_PAUSE_MS).unref());
      } while (line.relisting.get(kind) === 'again' && line.connection);
    };
    run()
      .catch((error: unknown) =>
        this.#events.stray(this, `a list that failed: ${messageOf(error)}`),
      )
      .finally(() => line.relisting.delete(kind));
  }

  /** Gives up late calls and stops what nobody uses. Called about once a second. */
  sweep(now: number): void {
    const idleMs = this.upstream.idleStopMs ?? DEFAULT_IDLE_MS;
    for (const line of this.lines.values()) {
      const { connection } = line;
      if (!connection) continue;
      connection.expire(now);
      if (idleMs === 0 || now - connection.lastUsed < idleMs) continue;
      if (!connection.busy && line.subscriptions.size === 0) void this.stop(line);
    }
  }

  /** What kept it from starting is over: the next request starts it at once. */
  forgive(): void {
    this.#failures = 0;
    this.#retryAt = 0;
  }

  /** Ends one conversation; the next request opens a new one. */
  async stop(line: Line): Promise<void> {
    const { connection } = line;
    if (!connection) return;
    line.connection = undefined;
    this.lines.delete(line.key);
    await connection.close();
    this.#events.lifecycle(this, 'stopped');
  }

  /** Gives a shared conversation to one client, because the server now knows things of it. */
  claim(line: Line, owner: string): void {
    this.personal = true;
    this.lines.delete(line.key);
    line.owner = owner;
    line.key = `${line.key}\n${owner}`;
    this.lines.set(line.key, line);
  }

  /** Ends the conversations of one client. */
  async release(owner: string): Promise<void> {
    const lines = [...this.lines.values()].filter((line) => line.owner === owner);
    await Promise.all(lines.map((line) => this.stop(line)));
  }

  /** Ends everything for good; pending calls fail. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.stopAll();
    await this.upstream.lists?.settled();
  }

  /** Ends every conversation; pending calls fail, the next request opens a new one. */
  async stopAll(): Promise<void> {
    const lines = [...this.lines.values()];
    for (const start of this.#starts) start.abort(new Error('the gateway stops'));
    await Promise.all(
      lines.map(async (line) => {
        await line.starting?.catch(() => {});
        await this.stop(line);
      }),
    );
  }

  get #isPersonal(): boolean {
    return this.upstream.stateful || this.personal;
  }

  #keyFor(inbound: Inbound): string {
    const shared =
      this.upstream.eras?.length === 2
        ? `${inbound.era}${inbound.capabilitiesKey}`
        : inbound.capabilitiesKey;
    if (!this.#isPersonal) return shared;
    const own = `${shared}\n${inbound.client.key}`;
    // A client without sessions has no channel of its own for questions: each of its calls under way
    // needs a conversation for itself, unless the server is one that keeps state for its client.
    return inbound.era === 'modern' && !this.upstream.stateful ? this.#freeLane(own) : own;
  }

  #freeLane(own: string): string {
    for (let lane = 0; lane < MOST_LANES; lane += 1) {
      const line = this.lines.get(`${own}#${lane}`);
      if (!line || (line.connection && !line.starting && !line.connection.busy)) {
        return `${own}#${lane}`;
      }
    }
    return `${own}#0`;
  }

  async #start(line: Line): Promise<Line> {
    const { upstream } = this;
    const timeoutMs = upstream.startTimeoutMs ?? DEFAULT_START_MS;
    const controller = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    let connection: Connection | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      controller.signal.addEventListener('abort', () => reject(controller.signal.reason));
      timer = setTimeout(() => {
        controller.abort(new Error(`it was not ready within ${timeoutMs / 1000} s`));
      }, timeoutMs);
    });
    this.#starts.add(controller);
    tooLate.catch(() => {});
    try {
      const slot = takeSlot();
      try {
        await Promise.race([slot, tooLate]);
        const opening = upstream.open({
          signal: controller.signal,
          ...(line.owner !== undefined && { session: line.owner }),
        });
        // A conversation that opens after its time is closed at once, or its server would stay.
        opening.then(
          (channel) => controller.signal.aborted && void channel.close(),
          () => {},
        );
        const channel = await Promise.race([opening, tooLate]);
        connection = this.#connect(line, channel);
        await Promise.race([this.#introduce(line, connection, timeoutMs), tooLate]);
      } finally {
        void slot.then(freeSlot);
      }
    } catch (error) {
      line.connection = undefined;
      const diagnostics = lastLine(connection?.channel.diagnostics?.());
      void connection?.close();
      this.lines.delete(line.key);
      // A person who has to sign in is no reason to leave the server alone.
      if (wantsSignIn(error)) this.forgive();
      const told = messageOf(error);
      // A remote server's last words are the error itself.
      const more = diagnostics && !told.includes(diagnostics) ? ` (${diagnostics})` : '';
      throw this.#failed(`${told}${more}`, error);
    } finally {
      clearTimeout(timer);
      this.#starts.delete(controller);
    }
    if (this.#closed || connection.closed) {
      await this.stop(line);
      throw this.#failed('it stopped at once', undefined);
    }
    this.#startedAt = performance.now();
    this.#lost.delete(line.key);
    this.#events.lifecycle(this, 'started');
    this.#events.ready(line);
    for (const kind of line.knowledge.recalled) this.relist(line, kind);
    return line;
  }

  #connect(line: Line, channel: ConstructorParameters<typeof Connection>[0]): Connection {
    const tracing = this.#tracing;
    const connection: Connection = new Connection(
      channel,
      {
        eras: this.#erasFor(line, PROBE_SAFE in channel),
        clientInfo: this.#clientInfo,
        clientCapabilities: line.capabilities,
        callTimeoutMs: this.callTimeoutMs,
        // What the start itself sends belongs to the request that caused it.
        ...(tracing && {
          trace: ({ parent = line.opener?.trace, ...request }) =>
            tracing.outgoing({ ...request, server: this, parent }),
        }),
      },
      {
        notification: (message) => this.#events.notification(line, message),
        request: (message) => this.#events.request(line, message),
        stray: (what) => this.#events.stray(this, what),
        closed: (reason) => {
          tracing?.closed(this, connection);
          if (line.connection !== connection) return;
          line.connection = undefined;
          if (line.subscriptions.size > 0) this.#lost.set(line.key, line.subscriptions);
          if (this.lines.get(line.key) === line && !line.starting) this.lines.delete(line.key);
          // A server that keeps crashing is left alone for longer and longer.
          if (reason && !line.starting) this.#failed(`it stopped: ${reason.message}`, reason);
          this.#events.lifecycle(this, 'stopped', reason?.message);
        },
      },
    );
    // Set before the handshake, so that requests which the server makes meanwhile are answered.
    line.connection = connection;
    return connection;
  }

  async #introduce(line: Line, connection: Connection, timeoutMs: number): Promise<void> {
    this.greeting = await greet(connection, timeoutMs);
    if (this.signed('tools')) await this.list(line, 'tools');
  }

  #erasFor(line: Line, probeSafe: boolean): readonly Era[] {
    const { eras } = this.upstream;
    if (eras?.length === 1) return eras;
    // The server's era is best the one of its client, when it can be had.
    const modernFirst = line.opener?.era === 'modern' && (eras !== undefined || probeSafe);
    return modernFirst ? ['modern', 'legacy'] : ['legacy', 'modern'];
  }

  #failed(what: string, cause: unknown): PortolanError {
    if (this.#startedAt > 0 && performance.now() - this.#startedAt > STEADY_MS) this.#failures = 0;
    this.#startedAt = 0;
    this.#failures += 1;
    this.#lastFailure = what;
    // It may not be there any more: after a restart it is asked again.
    if (!this.#closed) this.upstream.lists?.forget();
    // The first failure may be retried at once; after that the pauses double up to a minute.
    this.#retryAt =
      this.#failures < 2
        ? 0
        : performance.now() + Math.min(60_000, 500 * 2 ** (this.#failures - 1));
    this.#events.lifecycle(this, 'failed', what);
    return new PortolanError('failed', 'SERVER_FAILED', what, { cause });
  }

  #makeRoom(): void {
    if (this.lines.size < MOST_LINES) return;
    let oldest: Line | undefined;
    for (const line of this.lines.values()) {
      if (!line.connection || line.connection.busy) continue;
      if (!oldest || line.connection.lastUsed < (oldest.connection?.lastUsed ?? 0)) oldest = line;
    }
    if (!oldest) {
      throw new PortolanError(
        'failed',
        'SERVER_BUSY',
        `all ${MOST_LINES} conversations with it are in use; try again later`,
      );
    }
    void this.stop(oldest);
  }
}

/** Which list a notification is about; undefined for any other notification. */
export function listKindsOf(method: string): readonly ListKind[] | undefined {
  switch (method) {
    case 'notifications/tools/list_changed':
      return ['tools'];
    case 'notifications/prompts/list_changed':
      return ['prompts'];
    case 'notifications/resources/list_changed':
      return ['resources', 'resourceTemplates'];
    default:
      return undefined;
  }
}

/** The capability that a list belongs to. */
export function capabilityOf(kind: ListKind): 'tools' | 'prompts' | 'resources' {
  return LISTS[kind].capability;
}

function takeSlot(): Promise<void> {
  if (slots.free > 0) {
    slots.free -= 1;
    return Promise.resolve();
  }
  return new Promise((resolve) => slots.waiting.push(resolve));
}

function freeSlot(): void {
  const next = slots.waiting.shift();
  if (next) next();
  else slots.free += 1;
}

function lastLine(text: string | undefined): string {
  return text?.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
}
