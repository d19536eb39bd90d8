import { DiagLogLevel, diag } from '@opentelemetry/api';
import type { AuditRecord } from '../audit/audit-event.ts';
import type { ServerStatus } from '../relay/gateway.ts';
import type { Tracing } from '../relay/tracing.ts';
import { profileOf } from './attributes.ts';
import { serveMetrics } from './metrics-endpoint.ts';
import { openProviders } from './providers.ts';
import { createTracing, durationsOf } from './tracing.ts';

export interface TelemetryOptions {
  /** Send spans and metrics to the receiver that the OTEL_* variables name. */
  readonly otlp: boolean;
  /** Where Prometheus may fetch the metrics; port 0 lets the system choose. */
  readonly metrics?:
    | { readonly host: string; readonly port: number; readonly allowedHosts: readonly string[] }
    | undefined;
  readonly version: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly log: (line: string) => void;
}

export interface Telemetry {
  /** Spans and durations of one relay; `profile` is what it serves now. */
  tracing(profile: () => string | undefined): Tracing;
  /** Address of the metrics, when they are served. */
  readonly metricsUrl: string | undefined;
  /** Counts what the audit log records. */
  count(record: AuditRecord): void;
  /** Where the numbers of running servers and calls come from. */
  watch(status: () => readonly ServerStatus[]): void;
  /** Sends what is not sent yet, and ends; takes a few seconds at most. */
  close(): Promise<void>;
}

/** One complaint in this time is enough about a receiver that cannot be reached. */
const COMPLAIN_EVERY_MS = 60_000;
/** Longer than this no gateway waits at its end for a receiver. */
const LAST_EXPORT_MS = 3000;

/**
 * Switches spans and metrics on. Throws `usage` / `TELEMETRY_INVALID` for OTEL_* variables that ask
 * for what there is not, and `failed` / `PORT_TAKEN` when the metrics cannot be served.
 */
export async function openTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const { otlp, metrics, version, env = process.env, log } = options;
  complainTo(log);
  const providers = openProviders({ otlp, scrape: metrics !== undefined, version, env });
  const meter = providers.meter.getMeter('portolan', version);
  const events = meter.createCounter('portolan.events', {
    description: 'What the audit log records: calls, starts, failures, refusals.',
  });
  const tracer = providers.tracer?.getTracer('portolan', version);
  const durations = durationsOf(meter);
  const endpoint =
    metrics && providers.scrape
      ? await serveMetrics({ ...metrics, answer: providers.scrape })
      : undefined;
  return {
    tracing: (profile) => createTracing(tracer, durations, profile),
    metricsUrl: endpoint?.url,
    count({ event, server, profile, verdict }) {
      events.add(1, {
        'portolan.event': event,
        'portolan.server.name': server,
        ...profileOf(profile),
        ...(verdict && { 'portolan.verdict': verdict }),
      });
    },
    watch(status) {
      const conversations = meter.createObservableGauge('portolan.server.conversations', {
        description: 'Open conversations with a server; 0 when it does not run.',
      });
      const calls = meter.createObservableGauge('portolan.server.calls', {
        description: 'Requests that a server works on.',
      });
      meter.addBatchObservableCallback(
        (result) => {
          for (const server of status()) {
            const attributes = {
              'portolan.server.name': server.name,
              ...profileOf(server.profile),
            };
            result.observe(conversations, server.running, attributes);
            result.observe(calls, server.calls, attributes);
          }
        },
        [conversations, calls],
      );
    },
    async close() {
      await endpoint?.close();
      await Promise.race([
        providers.close(),
        new Promise((resolve) => setTimeout(resolve, LAST_EXPORT_MS)),
      ]);
    },
  };
}

/** Faults of an export are told, but not each of them, and never with headers or bodies. */
function complainTo(log: (line: string) => void): void {
  let last = Number.NEGATIVE_INFINITY;
  const complain = (text: string) => {
    const now = performance.now();
    if (now - last < COMPLAIN_EVERY_MS) return;
    last = now;
    log(`telemetry: ${text.slice(0, 300)}`);
  };
  const quiet = () => {};
  diag.setLogger(
    { error: complain, warn: complain, info: quiet, debug: quiet, verbose: quiet },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
}
