import { type AppendFile, openAppendFile } from '../audit/append-file.ts';
import { ensurePrivateFolder } from '../vault/private-files.ts';
import { formatLine, LOG_LIMITS, logFolder, logPath } from './log-files.ts';

export interface LogWriterOptions {
  readonly stateDir: string;
  /** Takes out the secrets of every server, which one server may have got from another. */
  readonly redact: (text: string) => string;
}

export interface LogWriter {
  write(name: string, text: string, time: Date): void;
  close(): Promise<void>;
}

/** A server that writes more than this in the time below would only turn the files over. */
const BURST_BYTES = 2 ** 18;
const BURST_MS = 10_000;

/**
 * Keeps what servers write to stderr: one file for each, readable by the user only, bounded and
 * put aside. A log that cannot be written is no reason to fail.
 */
export async function openLogWriter({ stateDir, redact }: LogWriterOptions): Promise<LogWriter> {
  await ensurePrivateFolder(logFolder(stateDir));
  const logs = new Map<string, { file: AppendFile; since: number; bytes: number; lost: number }>();
  const logOf = (name: string, now: number) => {
    let log = logs.get(name);
    if (!log) {
      const file = openAppendFile({ path: logPath(stateDir, name), what: 'log', ...LOG_LIMITS });
      log = { file, since: now, bytes: 0, lost: 0 };
      logs.set(name, log);
    }
    return log;
  };
  return {
    write(name, text, time) {
      const log = logOf(name, time.getTime());
      const line = (one: string) =>
        formatLine({ time: time.toISOString(), pid: process.pid, text: one });
      if (time.getTime() - log.since > BURST_MS) {
        if (log.lost > 0) log.file.write(line(`[${log.lost} lines were left out]`));
        Object.assign(log, { since: time.getTime(), bytes: 0, lost: 0 });
      }
      const whole = line(redact(text).replaceAll('\n', ' '));
      log.bytes += whole.length;
      if (log.bytes > BURST_BYTES) log.lost += 1;
      else log.file.write(whole);
    },
    async close() {
      await Promise.all([...logs.values()].map(({ file }) => file.close()));
    },
  };
}
