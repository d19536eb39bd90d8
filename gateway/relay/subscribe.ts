import { messageOf } from '../../core/errors.ts';
import type { JsonRpcMessage } from '../../core/isolation/channel.ts';
import type { Client, Inbound, Listen } from './inbound.ts';
import { isObject, type JsonObject, META, notification } from './protocol.ts';
import type { Relay } from './relay.ts';
import type { Line } from './server.ts';
import type { Route } from './view.ts';

/** One client's interest in one resource. */
export interface Subscriber {
  readonly client: Client;
  /** The URI as the client knows it. */
  readonly uri: string;
  /** The stream of a client without sessions. */
  readonly listen?: Listen;
}

/** Subscribes a client to a resource; the server hears of the first subscriber only. */
export async function subscribe(
  relay: Relay,
  inbound: Inbound,
  route: Route,
  subscriber: Subscriber,
): Promise<void> {
  const line = await route.server.open(inbound);
  const subscribers = line.subscriptions.get(route.name);
  if (subscribers) {
    subscribers.add(subscriber);
    return;
  }
  line.subscriptions.set(route.name, new Set([subscriber]));
  if (line.connection?.greeting.era === 'modern') return listen(relay, line);
  try {
    await line.connection?.ask(
      'resources/subscribe',
      { uri: route.name },
      line.server.callTimeoutMs,
    );
  } catch (error) {
    line.subscriptions.delete(route.name);
    throw error;
  }
}

/** Ends subscriptions that match; the server hears when nobody is left. */
export function unsubscribe(
  relay: Relay,
  matches: (subscriber: Subscriber, uri: string) => boolean,
): void {
  for (const server of relay.servers) {
    for (const line of server.lines.values()) {
      for (const [uri, subscribers] of line.subscriptions) {
        for (const subscriber of subscribers) {
          if (matches(subscriber, uri)) subscribers.delete(subscriber);
        }
        if (subscribers.size > 0) continue;
        line.subscriptions.delete(uri);
        const { connection } = line;
        if (!connection) continue;
        if (connection.greeting.era === 'modern') listen(relay, line);
        else {
          connection
            .ask('resources/unsubscribe', { uri }, server.callTimeoutMs)
            .catch((error: unknown) => relay.log(`${server.upstream.name}: ${messageOf(error)}`));
        }
      }
    }
  }
}

/** A resource changed: told to those who subscribed to it on this line. */
export function tellUpdated(_relay: Relay, line: Line, message: JsonRpcMessage): void {
  const subscribers = line.subscriptions.get(String(message.params?.uri));
  for (const { client, uri, listen: stream } of subscribers ?? []) {
    const { _meta, ...params } = message.params ?? {};
    const meta = isObject(_meta) ? { ..._meta } : {};
    delete meta[META.subscriptionId];
    const told: JsonObject = {
      ...params,
      uri,
      ...(Object.keys(meta).length > 0 && { _meta: meta }),
    };
    if (stream) stream.tell('notifications/resources/updated', told);
    else client.outlet.send(notification('notifications/resources/updated', told));
  }
}

/**
 * Keeps one `subscriptions/listen` open towards a server of the new era: for its lists and for the
 * resources that clients subscribed to. A new one replaces the old one when these change.
 */
export function listen(_relay: Relay, line: Line): void {
  const { connection, server } = line;
  if (!connection) return;
  const { tools, prompts, resources } = connection.greeting.capabilities;
  const changes = (value: unknown) => isObject(value) && value.listChanged === true;
  const uris = [...line.subscriptions.keys()];
  const notifications: JsonObject = {
    ...(changes(tools) && { toolsListChanged: true }),
    ...(changes(prompts) && { promptsListChanged: true }),
    ...(changes(resources) && { resourcesListChanged: true }),
    ...(uris.length > 0 && { resourceSubscriptions: uris }),
  };
  const before = line.listenId;
  line.listenId = undefined;
  if (Object.keys(notifications).length > 0) {
    line.listenId = connection.request(
      'subscriptions/listen',
      { notifications, _meta: server.metaFor(line) },
      { deadline: Number.POSITIVE_INFINITY, settle: () => {}, background: true },
    );
  }
  if (before !== undefined) connection.cancel(before, 'replaced');
}
