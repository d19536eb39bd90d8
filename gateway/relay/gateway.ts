import { askClient } from './ask-client.ts';
import { applyLogLevel, disconnect, receive } from './dispatch.ts';
import { Client, type Outlet } from './inbound.ts';
import { fromServer } from './notify.ts';
import { type GatewayOptions, Relay } from './relay.ts';
import { keepMemorySteady } from './steady-memory.ts';
import { listen } from './subscribe.ts';
import type { Upstream } from './upstream.ts';

/** State of one server, for people and for health checks. */
export interface ServerStatus {
  readonly name: string;
  /** Profile that it is served for, where there is one. */
  readonly profile?: string;
  readonly digest?: string;
  /** Open conversations; 0 when it does not run. */
  readonly running: number;
  /** Requests that it works on. */
  readonly calls: number;
}

/** A client that is connected, as it introduced itself. */
export interface ClientStatus {
  readonly name?: string;
  readonly version?: string;
  readonly principal: string;
  /** Profile that it is served, where there is one. */
  readonly profile?: string;
}

/** One MCP server made of many: what the endpoints serve to clients. */
export interface Gateway {
  /** Announces a client. `key` tells apart clients that must not share a stateful server. */
  connect(client: { key: string; principal: string; outlet: Outlet }): Client;
  /** Takes a message of a client; answers go to `outlet`, or to the client's own. */
  receive(client: Client, message: unknown, outlet?: Outlet): void;
  /** The client is gone; `release` also ends the servers that only it used. */
  disconnect(client: Client, release: boolean): Promise<void>;
  /** Changes the set of servers; those that stay the same keep running. */
  setUpstreams(upstreams: readonly Upstream[]): Promise<void>;
  status(): readonly ServerStatus[];
  /** The clients with a session; those without one leave no trace. */
  clients(): readonly ClientStatus[];
  /** Ends the conversations with a server; its next call opens a new one. False for an unknown name. */
  stopServer(name: string): Promise<boolean>;
  /** Reads nothing more from the servers, or reads on: the one client of stdio takes no more now. */
  hold(held: boolean): void;
  /** Ends all servers; resolves when they are gone. */
  close(): Promise<void>;
}

/** Makes the gateway. Starts no server: that happens when one is needed. */
export function createGateway(options: GatewayOptions): Gateway {
  keepMemorySteady();
  const relay: Relay = new Relay(options, {
    notification: (line, message) => fromServer(relay, line, message),
    request: (line, message) => askClient(relay, line, message),
    ready: (line) => {
      applyLogLevel(relay, line);
      if (line.connection?.greeting.era === 'modern') listen(relay, line);
    },
  });
  return {
    connect: ({ key, principal, outlet }) => new Client(key, principal, outlet),
    receive: (client, message, outlet) => receive(relay, client, message, outlet),
    async disconnect(client, release) {
      disconnect(relay, client);
      if (release) await Promise.all(relay.servers.map((server) => server.release(client.key)));
    },
    setUpstreams: (upstreams) => relay.setUpstreams(upstreams),
    status: () =>
      relay.servers.map(({ upstream, lines }) => {
        const open = [...lines.values()].flatMap(({ connection }) => connection ?? []);
        return {
          name: upstream.name,
          ...(upstream.digest !== undefined && { digest: upstream.digest }),
          running: open.length,
          calls: open.reduce((sum, { pending }) => sum + pending.size, 0),
        };
      }),
    clients: () => [...relay.clients].map(describe),
    async stopServer(name) {
      const server = relay.server(name);
      await server?.stopAll();
      return server !== undefined;
    },
    hold(held) {
      for (const { lines } of relay.servers) {
        for (const { connection } of lines.values()) {
          if (held) connection?.channel.pause?.();
          else connection?.channel.resume?.();
        }
      }
    },
    close: () => relay.close(),
  };
}

function describe({ info, principal }: Client): ClientStatus {
  const { name, version } = info;
  return {
    ...(typeof name === 'string' && { name }),
    ...(typeof version === 'string' && { version }),
    principal,
  };
}
