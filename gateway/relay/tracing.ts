import type { JsonRpcMessage } from '../../core/isolation/channel.ts';
import type { Connection, LocalCause } from './connection.ts';
import type { Inbound } from './inbound.ts';
import type { JsonObject } from './protocol.ts';
import type { Server } from './server.ts';

/** Follows one request until it is over. */
export interface Trace {
  /** The answer; undefined when there is none, with the reason when the relay gave the request up. */
  end(message: JsonRpcMessage | undefined, cause?: LocalCause | 'cancelled'): void;
}

/** A request to a server, about to be sent. */
export interface Outgoing {
  readonly server: Server;
  readonly connection: Connection;
  readonly id: number;
  readonly method: string;
  /** Trace context may be added to its `_meta`. */
  readonly params: JsonObject;
  /** The request of a client that it is made for. */
  readonly parent: Trace | undefined;
}

/** What the relay tells about requests and conversations, to make spans and metrics of. */
export interface Tracing {
  incoming(inbound: Inbound): Trace;
  outgoing(request: Outgoing): Trace;
  /** A conversation with a server is over. */
  closed(server: Server, connection: Connection): void;
}
