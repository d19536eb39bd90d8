import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';
import { PortolanError } from '../../core/errors.ts';

/** What the OTEL_* variables say that the packages do not read themselves. */
export interface TelemetrySettings {
  readonly traces: boolean;
  readonly metrics: boolean;
  readonly sampler: Sampler;
  readonly batch: {
    readonly scheduledDelayMillis?: number;
    readonly exportTimeoutMillis?: number;
    readonly maxQueueSize?: number;
    readonly maxExportBatchSize?: number;
  };
  readonly periodic: {
    readonly exportIntervalMillis?: number;
    readonly exportTimeoutMillis?: number;
  };
}

const SAMPLERS: Record<string, (ratio: number) => Sampler> = {
  always_on: () => new AlwaysOnSampler(),
  always_off: () => new AlwaysOffSampler(),
  traceidratio: (ratio) => new TraceIdRatioBasedSampler(ratio),
  parentbased_always_on: () => new ParentBasedSampler({ root: new AlwaysOnSampler() }),
  parentbased_always_off: () => new ParentBasedSampler({ root: new AlwaysOffSampler() }),
  parentbased_traceidratio: (ratio) =>
    new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
};

/** Reads the variables. Throws `usage` / `TELEMETRY_INVALID` for values that cannot be honoured. */
export function readSettings(env: NodeJS.ProcessEnv): TelemetrySettings {
  const off = env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true';
  for (const name of PROTOCOLS) oneOf(env, name, ['http/json']);
  const sampler = SAMPLERS[oneOf(env, 'OTEL_TRACES_SAMPLER', Object.keys(SAMPLERS)) ?? DEFAULT];
  return {
    traces: !off && oneOf(env, 'OTEL_TRACES_EXPORTER', ['otlp', 'none']) !== 'none',
    metrics: !off && oneOf(env, 'OTEL_METRICS_EXPORTER', ['otlp', 'none']) !== 'none',
    sampler: (sampler as (ratio: number) => Sampler)(ratioOf(env)),
    batch: {
      ...numbered(env, 'OTEL_BSP_SCHEDULE_DELAY', 'scheduledDelayMillis'),
      ...numbered(env, 'OTEL_BSP_EXPORT_TIMEOUT', 'exportTimeoutMillis'),
      ...numbered(env, 'OTEL_BSP_MAX_QUEUE_SIZE', 'maxQueueSize'),
      ...numbered(env, 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 'maxExportBatchSize'),
    },
    periodic: {
      ...numbered(env, 'OTEL_METRIC_EXPORT_INTERVAL', 'exportIntervalMillis'),
      ...numbered(env, 'OTEL_METRIC_EXPORT_TIMEOUT', 'exportTimeoutMillis'),
    },
  };
}

const DEFAULT = 'parentbased_always_on';
const PROTOCOLS = [
  'OTEL_EXPORTER_OTLP_PROTOCOL',
  'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL',
  'OTEL_EXPORTER_OTLP_METRICS_PROTOCOL',
];

function ratioOf(env: NodeJS.ProcessEnv): number {
  const text = env.OTEL_TRACES_SAMPLER_ARG?.trim();
  if (!text) return 1;
  const ratio = Number(text);
  if (ratio >= 0 && ratio <= 1) return ratio;
  throw invalid('OTEL_TRACES_SAMPLER_ARG', text, 'a number from 0 to 1');
}

function numbered<Name extends string>(
  env: NodeJS.ProcessEnv,
  variable: string,
  name: Name,
): { readonly [Key in Name]?: number } {
  const text = env[variable]?.trim();
  if (!text) return {};
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value <= 0) throw invalid(variable, text, 'a whole number');
  return { [name]: value } as { [Key in Name]?: number };
}

function oneOf(
  env: NodeJS.ProcessEnv,
  variable: string,
  allowed: readonly string[],
): string | undefined {
  const text = env[variable]?.trim();
  if (!text) return undefined;
  if (allowed.includes(text)) return text;
  throw invalid(variable, text, allowed.join(', '));
}

function invalid(variable: string, text: string, expected: string): PortolanError {
  return new PortolanError(
    'usage',
    'TELEMETRY_INVALID',
    `${variable} is ${JSON.stringify(text)}; the gateway knows ${expected}`,
  );
}
