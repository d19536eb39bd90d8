import { PortolanError } from '../../core/errors.ts';

/** Oldest Node.js that the OpenTelemetry libraries run on; the rest of Portolan needs less. */
const OLDEST = [22, 15] as const;

/** Throws `usage` / `TELEMETRY_NODE` where spans and metrics cannot be had. */
export function requireTelemetryNode(version = process.versions.node): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return;
  throw new PortolanError(
    'usage',
    'TELEMETRY_NODE',
    `--telemetry and --metrics-port need Node.js ${OLDEST.join('.')} or newer, and this is ${version}; update Node.js, or leave the options out`,
  );
}
