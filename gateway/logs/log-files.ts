import { join } from 'node:path';

/** Name of the log with the gateways' own lines; no server may be called so. */
export const GATEWAY_LOG = '_gateway';
/** Bytes at which a log is put aside, and how many are kept besides the current one. */
export const LOG_LIMITS = { maxBytes: 2 ** 20, keep: 3 };

/** One line of a log. */
export interface LogLine {
  /** ISO 8601. */
  readonly time: string;
  /** Process id of the gateway. */
  readonly pid: number;
  /** Name of the server, or `_gateway`. */
  readonly server: string;
  readonly text: string;
}

export function logFolder(stateDir: string): string {
  return join(stateDir, 'logs');
}

export function logPath(stateDir: string, name: string): string {
  return join(logFolder(stateDir), `${name}.log`);
}

export function formatLine({ time, pid, text }: Omit<LogLine, 'server'>): string {
  return `${time} ${pid} ${text}\n`;
}

/** A line that another program wrote into the file counts as text of no time. */
export function parseLine(line: string, server: string): LogLine {
  const match = /^(\d{4}-\d\d-\d\dT[\d:.]+Z) (\d+) (.*)$/s.exec(line);
  if (!match) return { time: '', pid: 0, server, text: line };
  const [, time = '', pid = '0', text = ''] = match;
  return { time, pid: Number(pid), server, text };
}
