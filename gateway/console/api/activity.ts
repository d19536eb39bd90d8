import { join } from 'node:path';
import { type FollowedLine, followAudit, readAuditTail } from '../../audit/follow-audit.ts';
import type { ConsoleContext } from '../context.ts';
import { type ApiRequest, get } from '../route.ts';
import type { AuditLine } from './types.ts';

export const activityRoutes = [get('/api/activity', recent)];

const MOST_LINES = 500;

/** The newest lines of the audit log, oldest first. */
async function recent(_: ApiRequest, context: ConsoleContext): Promise<readonly AuditLine[]> {
  return (await readAuditTail(auditFile(context), MOST_LINES)).map(lineOf);
}

/** Sends every new line of the audit log to the open pages. Returns what ends it. */
export function startAudit(context: ConsoleContext): () => void {
  const stop = new AbortController();
  followAudit(
    auditFile(context),
    (line) => context.hub.send({ topic: 'audit', line: lineOf(line) }),
    stop.signal,
  ).catch((error) => context.log(`the audit log cannot be followed: ${error}`));
  return () => stop.abort();
}

function auditFile({ paths }: ConsoleContext): string {
  return join(paths.state, 'audit.jsonl');
}

/** The fields that the page shows; whatever else is in the file stays there. */
function lineOf({ offset, record }: FollowedLine): AuditLine {
  const text = (field: string) => {
    const value = record[field];
    return typeof value === 'string' ? { [field]: value } : {};
  };
  const number = (field: string) => {
    const value = record[field];
    return typeof value === 'number' ? { [field]: value } : {};
  };
  return {
    id: `${record.time}-${offset}`,
    time: String(record.time),
    event: String(record.event),
    server: String(record.server ?? ''),
    ...text('name'),
    ...text('method'),
    ...text('principal'),
    ...text('verdict'),
    ...text('detail'),
    ...text('digest'),
    ...text('traceId'),
    ...number('durationMs'),
    ...number('pid'),
    ...(record.arguments !== undefined && { arguments: record.arguments }),
  };
}
