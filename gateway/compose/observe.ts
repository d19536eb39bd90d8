import { messageOf } from '../../core/errors.ts';
import { withoutData } from '../audit/audit-log.ts';
import type { ControlOptions, ControlSocket } from '../control/open-control.ts';
import { createWatch, type Watch } from '../control/watch.ts';
import { GATEWAY_LOG } from '../logs/log-files.ts';
import type { LogWriter } from '../logs/write-logs.ts';
import type { KnownSecrets } from '../policy/known-secrets.ts';

/** What lets people look at a gateway while it runs: events, logs, and the control socket. */
export interface Observation {
  readonly watch: Watch;
  /** A line of the gateway's own: to stderr, to its log, and to whoever listens. */
  log(line: string): void;
  /** A line that a server wrote to stderr. */
  output(server: string, line: string): void;
  /** Lets `portolan ps` find the gateway. Returns at once; what it needs is loaded later. */
  announce(options: Omit<ControlOptions, 'watch' | 'stateDir'>): void;
  close(): Promise<void>;
}

/** Late enough not to slow down a client's first request. */
const AFTER_START_MS = 200;

/** Loads nothing of the logs and the socket before the gateway is ready: its start must be quick. */
export function observe(stateDir: string, secrets: KnownSecrets): Observation {
  const watch = createWatch((record) => withoutData(record, secrets.redact));
  const early: [name: string, text: string, time: Date][] = [];
  let timer: NodeJS.Timeout | undefined;
  let writer: LogWriter | undefined;
  let opening: Promise<void> | undefined;
  let control: Promise<ControlSocket | undefined> | undefined;

  const openLogs = () => {
    opening ??= (async () => {
      const { openLogWriter } = await import('../logs/write-logs.ts');
      const opened = await openLogWriter({ stateDir, redact: secrets.redact });
      for (const line of early.splice(0)) opened.write(...line);
      writer = opened;
    })().catch((error: unknown) => say(`no logs are kept: ${messageOf(error)}`));
    return opening;
  };
  const keep = (name: string, text: string) => {
    if (writer) writer.write(name, text, new Date());
    else if (early.length < 1000) early.push([name, text, new Date()]);
  };
  const say = (line: string) => console.error(`portolan: ${line}`);

  return {
    watch,
    log(line) {
      say(line);
      watch.log(line);
      keep(GATEWAY_LOG, line);
    },
    output(server, line) {
      watch.output(server, line);
      keep(server, line);
      void openLogs();
    },
    announce(options) {
      timer = setTimeout(() => {
        void openLogs();
        control = import('../control/open-control.ts')
          .then(({ openControlSocket }) => openControlSocket({ ...options, watch, stateDir }))
          .catch((error: unknown) => {
            say(`\`portolan ps\` will not find this gateway: ${messageOf(error)}`);
            return undefined;
          });
      }, AFTER_START_MS);
      timer.unref();
    },
    async close() {
      clearTimeout(timer);
      await (await control)?.close();
      await opening;
      await writer?.close();
    },
  };
}
