import type { IncomingMessage, ServerResponse } from 'node:http';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import {
  type IMetricReader,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { readSettings } from './settings.ts';

export interface Providers {
  /** Absent when no spans are wanted. */
  readonly tracer: TracerProvider | undefined;
  readonly meter: MeterProvider;
  /** Answers a request for the metrics in Prometheus' text format. */
  readonly scrape: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
  close(): Promise<void>;
}

/** Makes what collects and sends spans and metrics, as the OTEL_* variables say. */
export function openProviders(options: {
  readonly otlp: boolean;
  readonly scrape: boolean;
  readonly version: string;
  readonly env: NodeJS.ProcessEnv;
}): Providers {
  const settings = readSettings(options.env);
  const resource = defaultResource()
    .merge(
      resourceFromAttributes({ 'service.name': 'portolan', 'service.version': options.version }),
    )
    .merge(detectResources({ detectors: [envDetector] }));
  // Addresses, headers, certificates and time limits: the exporters read their variables themselves.
  const tracer =
    options.otlp && settings.traces
      ? new TracerProvider({
          resource,
          sampler: settings.sampler,
          spanProcessors: [
            new BatchSpanProcessor({ exporter: new OTLPTraceExporter(), ...settings.batch }),
          ],
        })
      : undefined;
  const readers: IMetricReader[] = [];
  if (options.otlp && settings.metrics) {
    const exporter = new OTLPMetricExporter();
    readers.push(new PeriodicExportingMetricReader({ exporter, ...settings.periodic }));
  }
  const prometheus = options.scrape
    ? new PrometheusExporter({ preventServerStart: true, withoutScopeInfo: true })
    : undefined;
  if (prometheus) readers.push(prometheus);
  const meter = new MeterProvider({ resource, readers });
  return {
    tracer,
    meter,
    scrape: prometheus?.getMetricsRequestHandler.bind(prometheus),
    async close() {
      await Promise.allSettled([tracer?.shutdown(), meter.shutdown()]);
    },
  };
}
