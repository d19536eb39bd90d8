import type { ToolDiff } from './compare.ts';
import type { Held } from './hold.ts';
import type { Client, Inbound } from './inbound.ts';
import type { ListKind } from './line.ts';
import type { PrefixMode } from './names.ts';
import { type Implementation, type JsonObject, notification } from './protocol.ts';
import { capabilityOf, type Line, Server, type ServerEvents } from './server.ts';
import type { Tracing } from './tracing.ts';
import type { Upstream } from './upstream.ts';
import { buildView, type View } from './view.ts';

/** A call as policy, interceptors and the audit log see it. */
export interface CallInfo {
  readonly server: string;
  readonly digest?: string;
  readonly method: 'tools/call' | 'prompts/get' | 'resources/read';
  /** The server's own name of the tool or prompt, or the URI. */
  readonly name: string;
  readonly principal: string;
  readonly params: JsonObject;
}

/** What an interceptor decides before a call. */
export type CallDecision =
  | undefined
  | { readonly refuse: string }
  | { readonly arguments: JsonObject };

/** One line of the audit log, without arguments or results of the call. */
export interface AuditEvent {
  readonly event: 'call' | 'started' | 'stopped' | 'failed' | 'tools-differ';
  readonly server: string;
  readonly digest?: string;
  readonly principal?: string;
  readonly method?: string;
  readonly name?: string;
  readonly verdict?: 'ok' | 'error' | 'refused' | 'withheld' | 'cancelled';
  readonly durationMs?: number;
  readonly detail?: string;
  /** Parameters of the call, for a log that keeps their shape; never written as they are. */
  readonly params?: JsonObject;
}

export interface GatewayOptions {
  readonly upstreams: readonly Upstream[];
  /** What happens to tools that are not the signed ones; `block`. */
  readonly toolChanges?: 'block' | 'warn';
  /** When names get their server in front; `auto`. */
  readonly prefix?: PrefixMode;
  /** What the gateway calls itself. */
  readonly info: Implementation;
  /** Text for the model, before the texts of the servers. */
  readonly instructions?: string;
  /** Milliseconds that a list waits for servers that are listed live; 5,000. */
  readonly listWaitMs?: number;
  /** Milliseconds that a question to the client may stay unanswered; 600,000. */
  readonly holdMs?: number;
  /** Names a call that is held for a client without sessions; a random text by default. */
  readonly newState?: () => string;
  /** Other gateways serve the same clients: results must not need what only this one has seen. */
  readonly replicated?: boolean;
  /** False hides a tool from lists and calls. */
  readonly allowTool?: (server: string, tool: string) => boolean;
  /** Asked before each call; throwing refuses the call. */
  readonly beforeCall?: (call: CallInfo) => CallDecision | Promise<CallDecision>;
  /** May change a result; throwing withholds it. */
  readonly afterCall?: (call: CallInfo, result: JsonObject) => JsonObject | Promise<JsonObject>;
  /** Whose clients may be asked to sign in: the tokens go into the vault of whoever runs the gateway. */
  readonly signInFor?: (principal: string) => boolean;
  readonly audit?: (event: AuditEvent) => void;
  /** Told of every request, to make spans and metrics of it; costs nothing when absent. */
  readonly tracing?: Tracing | undefined;
  readonly onToolChange?: (change: ToolChange) => void;
  /** Lines for the person who runs the gateway; stderr as a rule. */
  readonly log?: (line: string) => void;
}

/** The live definitions of a server are not the signed ones. */
export interface ToolChange {
  readonly server: string;
  readonly kind: 'tools' | 'prompts';
  readonly diff: ToolDiff;
  readonly withheld: boolean;
}

const MOST_VIEWS = 64;
const MOST_LEARNED = 10_000;

/** What all parts of the relay share: servers, clients, and what clients see. */
export class Relay {
  readonly options: GatewayOptions;
  readonly clients = new Set<Client>();
  /** Calls that wait for an answer of a client without sessions, by request state. */
  readonly held = new Map<string, Held>();
  /** Servers of resources and tasks that turned up in results, most recent last. */
  readonly learned = new Map<string, Server>();
  servers: Server[] = [];
  closed = false;
  readonly #views = new Map<string, View>();
  readonly #events: ServerEvents;
  readonly #sweeper: NodeJS.Timeout;

  constructor(
    options: GatewayOptions,
    events: Pick<ServerEvents, 'notification' | 'request' | 'ready'>,
  ) {
    this.options = options;
    this.#events = {
      ...events,
      differs: (line, kind, diff) => this.#differs(line, kind, diff),
      listChanged: (line, kind) => this.changed([kind], line.knowledge.capabilitiesKey),
      lifecycle: (server, event, detail) => {
        const { name, digest } = server.upstream;
        if (event === 'failed') this.log(`${name}: ${detail}`);
        options.audit?.({
          event,
          server: name,
          ...(digest !== undefined && { digest }),
          ...(detail !== undefined && { detail }),
        });
      },
      stray: (server, what) => this.log(`${server.upstream.name} sent ${what}; ignored`),
    };
    this.servers = options.upstreams.map((upstream) => this.#serverFor(upstream));
    this.#sweeper = setInterval(() => {
      const now = performance.now();
      for (const server of this.servers) server.sweep(now);
      for (const held of this.held.values()) held.expire(now);
    }, 1000);
    this.#sweeper.unref();
  }

  log(line: string): void {
    this.options.log?.(line);
  }

  /** What clients with these capabilities see; made anew after a change. */
  view(capabilitiesKey: string): View {
    let view = this.#views.get(capabilitiesKey);
    if (!view) {
      if (this.#views.size >= MOST_VIEWS) this.#views.clear();
      view = buildView(this.servers, capabilitiesKey, {
        prefix: this.options.prefix ?? 'auto',
        toolChanges: this.options.toolChanges ?? 'block',
        allowTool: this.options.allowTool,
      });
      this.#views.set(capabilitiesKey, view);
    }
    return view;
  }

  server(name: string): Server | undefined {
    return this.servers.find(({ upstream }) => upstream.name === name);
  }

  /** Remembers which server a URI or a task of a result belongs to. */
  learn(key: string, server: Server): void {
    this.learned.delete(key);
    if (this.learned.size >= MOST_LEARNED) {
      const [oldest] = this.learned.keys();
      if (oldest !== undefined) this.learned.delete(oldest);
    }
    this.learned.set(key, server);
  }

  /** Drops the views without a word: what they will show was not shown before. */
  forget(): void {
    this.#views.clear();
  }

  /**
   * Lists are other ones now: drop the views and tell the clients; those with certain capabilities
   * only, when a server lists different things for different clients.
   */
  changed(kinds: readonly ListKind[], capabilitiesKey?: string): void {
    this.#views.clear();
    for (const capability of new Set(kinds.map(capabilityOf))) {
      const method = `notifications/${capability}/list_changed`;
      for (const client of this.clients) {
        const concerns = (key: string) => capabilitiesKey === undefined || key === capabilitiesKey;
        if (client.era === 'legacy' && concerns(client.capabilitiesKey)) {
          client.outlet.send(notification(method));
        }
        for (const listen of client.listens.values()) {
          if (listen[capability] && concerns(listen.inbound.capabilitiesKey)) listen.tell(method);
        }
      }
    }
  }

  /** Takes a new set of upstreams; those with the same name and fingerprint keep running. */
  async setUpstreams(upstreams: readonly Upstream[]): Promise<void> {
    const before = new Map(this.servers.map((server) => [server.upstream.name, server]));
    this.servers = upstreams.map((upstream) => {
      const kept = before.get(upstream.name);
      if (kept?.upstream.fingerprint !== upstream.fingerprint) return this.#serverFor(upstream);
      before.delete(upstream.name);
      kept.upstream = upstream;
      return kept;
    });
    for (const [key, server] of this.learned) {
      if (!this.servers.includes(server)) this.learned.delete(key);
    }
    this.changed(['tools', 'prompts', 'resources']);
    await Promise.all([...before.values()].map((server) => server.close()));
  }

  async close(): Promise<void> {
    this.closed = true;
    clearInterval(this.#sweeper);
    for (const held of this.held.values()) held.end();
    for (const client of this.clients) {
      for (const listen of client.listens.values()) listen.end(this.options.info);
    }
    await Promise.all(this.servers.map((server) => server.close()));
  }

  audit(inbound: Inbound, server: Server, verdict: AuditEvent['verdict'], detail?: string): void {
    const { audit } = this.options;
    if (!audit) return;
    const { name, digest } = server.upstream;
    audit({
      event: 'call',
      server: name,
      ...(digest !== undefined && { digest }),
      principal: inbound.client.principal,
      method: inbound.method,
      name: String(inbound.params.name ?? inbound.params.uri ?? ''),
      ...(verdict !== undefined && { verdict }),
      durationMs: Math.round(performance.now() - inbound.receivedAt),
      ...(detail !== undefined && { detail }),
      params: inbound.params,
    });
  }

  #serverFor(upstream: Upstream): Server {
    return new Server(upstream, this.options.info, this.#events, this.options.tracing);
  }

  #differs(line: Line, kind: 'tools' | 'prompts', diff: ToolDiff): void {
    const withheld = (this.options.toolChanges ?? 'block') === 'block';
    const { name, digest } = line.server.upstream;
    const counts = `${diff.changed.length} changed, ${diff.added.length} new, ${diff.removed.length} missing`;
    // Servers may offer less to a client that can do less; that is worth a line, but no alarm.
    const alarming = diff.changed.length + diff.added.length > 0;
    this.log(
      alarming
        ? `${name}: its live ${kind} are not the signed ones (${counts}); ${
            withheld ? 'these are withheld' : 'they are passed on as they are'
          }. \`portolan diff ${name}\` shows the difference.`
        : `${name}: it offers ${diff.removed.length} of its signed ${kind} not to this client`,
    );
    this.options.audit?.({
      event: 'tools-differ',
      server: name,
      ...(digest !== undefined && { digest }),
      detail: `${kind}: ${counts}`,
    });
    this.options.onToolChange?.({ server: name, kind, diff, withheld });
    this.changed([kind], line.knowledge.capabilitiesKey);
  }
}
