import { note } from './print.ts';

/** Shows how far a long piece of work is. */
export interface Progress {
  /** `ratio` from 0 to 1; absent when nobody knows how much is left. */
  update(text: string, ratio?: number): void;
  /** Takes the line away again. */
  done(): void;
}

interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const BAR = 20;
/** Work that is over sooner needs no line. */
const QUIET_MS = 400;

/**
 * A bar on the last line of a terminal; a line for each text where there is no terminal, unless
 * `lines` is false.
 */
export function showProgress(
  stream: ProgressStream = process.stderr,
  { lines = true, now = Date.now }: { lines?: boolean; now?: () => number } = {},
): Progress {
  const started = now();
  let shown = false;
  let last = '';
  return {
    update(text, ratio) {
      if (stream.isTTY !== true) {
        if (lines && text !== last) note(text);
        last = text;
        return;
      }
      if (!shown && now() - started < QUIET_MS && (ratio ?? 0) > 0.5) return;
      shown = true;
      const line = `${ratio === undefined ? '' : `${bar(ratio)} `}${text}`;
      stream.write(`\r\u001b[K${line.slice(0, (stream.columns || 80) - 1)}`);
    },
    done() {
      if (shown) stream.write('\r\u001b[K');
      shown = false;
    },
  };
}

function bar(ratio: number): string {
  const clean = Math.min(1, Math.max(0, ratio));
  const full = Math.round(clean * BAR);
  const percent = `${Math.round(clean * 100)}%`.padStart(4);
  return `[${'#'.repeat(full)}${'-'.repeat(BAR - full)}]${percent}`;
}
