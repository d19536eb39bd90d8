import type { AuditLine } from '../api/types.ts';

/** One moment in the life of a call. */
export interface Step {
  /** When, counted from the call's arrival: `+12 ms`. */
  readonly at: string;
  readonly text: string;
  readonly detail?: string;
  readonly tone: 'good' | 'bad' | 'plain';
}

const EVENT_TEXTS: Readonly<Record<string, string>> = {
  started: 'The server was started in its box',
  stopped: 'The server was stopped',
  failed: 'The server failed',
  'tools-differ': 'The live tools differ from the signed ones',
  'secret-found': 'A secret was found in the arguments or the result and taken out',
  'server-refused': 'The policy refused the server',
};

const VERDICT_TEXTS: Readonly<Record<string, string>> = {
  ok: 'The result went back to the client',
  error: 'The server answered with an error',
  refused: 'The call was refused before it reached the server',
  withheld: 'The result was withheld',
  cancelled: 'The client cancelled the call',
};

/** What happened on behalf of a call: the events of the same server and gateway while it lasted. */
export function stepsOf(call: AuditLine, lines: readonly AuditLine[]): readonly Step[] {
  const end = Date.parse(call.time);
  const start = end - (call.durationMs ?? 0);
  if (call.event !== 'call') {
    return [
      {
        at: '',
        text: EVENT_TEXTS[call.event] ?? call.event,
        tone: toneOf(call),
        ...detailOf(call),
      },
    ];
  }
  const between = lines.filter((line) => {
    const at = Date.parse(line.time);
    const isNear = at >= start - 5 && at <= end + 5;
    return line.event !== 'call' && line.server === call.server && line.pid === call.pid && isNear;
  });
  return [
    {
      at: '0 ms',
      text: `The call arrived${call.principal ? ` from ${call.principal}` : ''}`,
      tone: 'plain',
    },
    ...between.map(
      (line): Step => ({
        at: since(start, Date.parse(line.time)),
        text: EVENT_TEXTS[line.event] ?? line.event,
        tone: toneOf(line),
        ...detailOf(line),
      }),
    ),
    {
      at: since(start, end),
      text: VERDICT_TEXTS[call.verdict ?? ''] ?? 'The call ended',
      tone: call.verdict === 'ok' ? 'good' : 'bad',
      ...detailOf(call),
    },
  ];
}

function since(start: number, at: number): string {
  return `+${Math.max(0, Math.round(at - start))} ms`;
}

function toneOf({ event }: AuditLine): Step['tone'] {
  return event === 'failed' || event === 'secret-found' || event === 'tools-differ'
    ? 'bad'
    : 'plain';
}

function detailOf({ detail }: AuditLine): { readonly detail?: string } {
  return detail === undefined ? {} : { detail };
}
