import { setTimeout as wait } from 'node:timers/promises';
import { openAuditLog } from '../../gateway/audit/audit-log.ts';

/** Writes lines to an audit log that others write to as well: PATH WRITER COUNT. */
const [path = '', writer = '', count = '0'] = process.argv.slice(2);
const log = openAuditLog({ path, redact: String, maxBytes: 20_000, keep: 50 });
for (let number = 0; number < Number(count); number += 1) {
  log.write({ event: 'call', server: `writer-${writer}`, name: `line ${number}` });
  if (number % 10 === 9) await wait(5);
}
await log.close();
