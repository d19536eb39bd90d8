import {
  type Attributes,
  type Context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  type Histogram,
  type Link,
  type Meter,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import type { Inbound } from '../relay/inbound.ts';
import { isObject, type JsonObject, LATEST_MODERN } from '../relay/protocol.ts';
import type { Outgoing, Trace, Tracing } from '../relay/tracing.ts';
import { methodName, outcomeOf, profileOf, targetOf } from './attributes.ts';

/** Upper bounds in seconds, as the conventions name them for durations of MCP. */
const BUCKETS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300];

const propagator = new W3CTraceContextPropagator();

/** A trace whose context the spans of its own requests continue. */
interface ContextTrace extends Trace {
  readonly context: Context;
}

/** The histograms, which all relays share. */
export interface Durations {
  readonly served: Histogram;
  readonly called: Histogram;
  readonly sessions: Histogram;
}

export function durationsOf(meter: Meter): Durations {
  const histogram = (name: string, description: string) =>
    meter.createHistogram(name, {
      unit: 's',
      description,
      advice: { explicitBucketBoundaries: BUCKETS },
    });
  return {
    served: histogram(
      'mcp.server.operation.duration',
      'Time from the request of a client to its answer.',
    ),
    called: histogram(
      'mcp.client.operation.duration',
      'Time from a request to a server to its answer.',
    ),
    sessions: histogram(
      'mcp.client.session.duration',
      'Time that a conversation with a server was open.',
    ),
  };
}

/**
 * Spans and durations after the OpenTelemetry conventions for MCP: a server span for each request of
 * a client, a client span for each request to a server. Without a tracer there are durations only,
 * and the trace context of clients passes through as it is.
 *
 * Attributes hold names that are signed or listed, codes and versions; never what a client or a
 * server wrote: no arguments, results, error texts or URIs.
 */
export function createTracing(
  tracer: Tracer | undefined,
  { served, called, sessions }: Durations,
  profile: () => string | undefined,
): Tracing {
  return {
    incoming(inbound) {
      const { parent, links } = contextOf(inbound);
      const attributes = { ...incomingAttributes(inbound), ...profileOf(profile()) };
      const ids: Attributes = { 'jsonrpc.request.id': String(inbound.id) };
      const { request } = inbound.outlet;
      if (request && inbound.era === 'legacy') ids['mcp.session.id'] = inbound.client.key;
      const span = tracer?.startSpan(
        String(attributes['mcp.method.name']),
        { kind: SpanKind.SERVER, attributes: { ...attributes, ...ids }, links },
        parent,
      );
      return follow(span, parent, served, attributes, () =>
        // Known only now: an unknown name is nothing but text of the client.
        targetOf(inbound.method, inbound.route?.name),
      );
    },
    outgoing(request) {
      const { method, params, server, id } = request;
      const parent = (request.parent as ContextTrace | undefined)?.context ?? ROOT_CONTEXT;
      const attributes = { ...outgoingAttributes(request), ...profileOf(profile()) };
      const target = targetOf(method, typeof params.name === 'string' ? params.name : undefined);
      const span = tracer?.startSpan(
        String(attributes['mcp.method.name']),
        {
          kind: SpanKind.CLIENT,
          attributes: {
            ...attributes,
            'jsonrpc.request.id': String(id),
            ...(server.upstream.digest && { 'portolan.server.digest': server.upstream.digest }),
          },
        },
        parent,
      );
      if (span) passOn(trace.setSpan(parent, span), params);
      return follow(span, parent, called, attributes, () => target);
    },
    closed(server, connection) {
      sessions.record((performance.now() - connection.openedAt) / 1000, {
        'portolan.server.name': server.upstream.name,
        ...profileOf(profile()),
        'mcp.protocol.version': connection.greeting.version,
      });
    },
  };
}

function follow(
  span: Span | undefined,
  parent: Context,
  durations: Histogram,
  attributes: Attributes,
  target: () => Attributes,
): ContextTrace {
  const startedAt = performance.now();
  return {
    context: span ? trace.setSpan(parent, span) : parent,
    end(message, cause) {
      const outcome = outcomeOf(message, cause);
      const found = target();
      durations.record((performance.now() - startedAt) / 1000, {
        ...attributes,
        ...found,
        ...outcome,
      });
      if (!span) return;
      const name = found['gen_ai.tool.name'] ?? found['gen_ai.prompt.name'];
      if (name !== undefined) span.updateName(`${attributes['mcp.method.name']} ${name}`);
      span.setAttributes({ ...found, ...outcome });
      if (outcome['error.type'] !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    },
  };
}

/** The span that the request continues: the one in `_meta`, or else the one of its HTTP request. */
function contextOf({ params, outlet }: Inbound): { parent: Context; links: Link[] } {
  const meta = isObject(params._meta) ? params._meta : {};
  const fromMessage = propagator.extract(ROOT_CONTEXT, meta, defaultTextMapGetter);
  const fromHttp = outlet.request
    ? propagator.extract(ROOT_CONTEXT, outlet.request.headers, defaultTextMapGetter)
    : ROOT_CONTEXT;
  const transport = trace.getSpanContext(fromHttp);
  if (!trace.getSpanContext(fromMessage)) return { parent: fromHttp, links: [] };
  return { parent: fromMessage, links: transport ? [{ context: transport }] : [] };
}

/** Writes the context into `_meta`, in place of what the client sent. */
function passOn(context: Context, params: JsonObject): void {
  const meta = isObject(params._meta) ? params._meta : {};
  delete meta.traceparent;
  delete meta.tracestate;
  propagator.inject(context, meta, defaultTextMapSetter);
  params._meta = meta;
}

function incomingAttributes({ method, era, client, outlet }: Inbound): Attributes {
  const version = era === 'modern' ? LATEST_MODERN : client.version;
  return {
    'mcp.method.name': methodName(method),
    ...(version !== '' && { 'mcp.protocol.version': version }),
    ...(method === 'tools/call' && { 'gen_ai.operation.name': 'execute_tool' }),
    'network.transport': outlet.request ? 'tcp' : 'pipe',
    ...(outlet.request && { 'network.protocol.name': 'http' }),
  };
}

function outgoingAttributes({ method, server, connection }: Outgoing): Attributes {
  return {
    'mcp.method.name': methodName(method),
    // Until it is greeted, a server's revision is not known.
    ...(method !== 'initialize' && { 'mcp.protocol.version': connection.greeting.version }),
    ...(method === 'tools/call' && { 'gen_ai.operation.name': 'execute_tool' }),
    'portolan.server.name': server.upstream.name,
  };
}
