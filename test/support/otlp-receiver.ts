import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

type Value = {
  stringValue?: string;
  intValue?: number | string;
  doubleValue?: number;
  boolValue?: boolean;
};
type KeyValue = { key: string; value: Value };

/** A span as it arrived, its attributes as a plain object. */
export interface ReceivedSpan {
  readonly name: string;
  /** 2 server, 3 client (opentelemetry-proto, SpanKind). */
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly links: readonly { traceId: string; spanId: string }[];
  readonly status: { code?: number; message?: string };
  readonly attributes: Record<string, unknown>;
}

export interface ReceivedPoint {
  readonly metric: string;
  readonly unit: string;
  readonly count: number | undefined;
  readonly bounds: readonly number[] | undefined;
  readonly attributes: Record<string, unknown>;
}

export interface OtlpReceiver {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly url: string;
  readonly spans: readonly ReceivedSpan[];
  readonly points: readonly ReceivedPoint[];
  readonly resources: readonly Record<string, unknown>[];
  /** Every body, to look for what must not be there. */
  readonly bodies: readonly string[];
  readonly headers: readonly NodeJS.Dict<string | string[]>[];
  close(): Promise<void>;
}

/** Receives OTLP over HTTP as a collector does, and takes its JSON apart. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const points: ReceivedPoint[] = [];
  const resources: Record<string, unknown>[] = [];
  const bodies: string[] = [];
  const headers: NodeJS.Dict<string | string[]>[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const bytes = Buffer.concat(chunks);
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
      bodies.push(body.toString());
      headers.push(request.headers);
      const message = JSON.parse(body.toString());
      if (request.url === '/v1/traces') takeSpans(message);
      else if (request.url === '/v1/metrics') takePoints(message);
      else return response.writeHead(404).end();
      response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}');
    });
  });

  // biome-ignore lint/suspicious/noExplicitAny: a message of somebody else's schema
  function takeSpans({ resourceSpans }: any) {
    for (const { resource, scopeSpans } of resourceSpans) {
      resources.push(plain(resource.attributes));
      for (const scope of scopeSpans) {
        for (const span of scope.spans) {
          spans.push({ ...span, links: span.links ?? [], attributes: plain(span.attributes) });
        }
      }
    }
  }

  // biome-ignore lint/suspicious/noExplicitAny: a message of somebody else's schema
  function takePoints({ resourceMetrics }: any) {
    for (const { scopeMetrics } of resourceMetrics) {
      for (const { metrics } of scopeMetrics) {
        for (const metric of metrics) {
          const data = metric.histogram ?? metric.sum ?? metric.gauge;
          for (const point of data.dataPoints) {
            points.push({
              metric: metric.name,
              unit: metric.unit,
              count: point.count === undefined ? undefined : Number(point.count),
              bounds: point.explicitBounds,
              attributes: plain(point.attributes),
            });
          }
        }
      }
    }
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    points,
    resources,
    bodies,
    headers,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function plain(attributes: readonly KeyValue[] = []): Record<string, unknown> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.stringValue ?? value.intValue ?? value.doubleValue ?? value.boolValue,
    ]),
  );
}
