import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { requiredScenarios, runSuite } from './run-suite.ts';

const client = fileURLToPath(new URL('client.ts', import.meta.url));

/** The suite starts all scenarios of a revision at once, which a small machine does not bear. */
const AT_ONCE = 3;

describe("the official conformance suite, against the gateway's upstream client", () => {
  it.each(['2025-11-25', '2026-07-28'])(
    'all required client scenarios of %s',
    async (revision) => {
      const required = requiredScenarios(revision, 'client');
      expect(required.length).toBe(revision === '2025-11-25' ? 18 : 32);
      const waiting = [...required];
      const failures: string[] = [];
      const worker = async () => {
        for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
          const command = `${process.execPath} ${client}`;
          const report = await runSuite(
            ['client', '--command', command, '--scenario', name, '--spec-version', revision],
            [name],
          );
          failures.push(...report.failures);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
      expect(failures).toEqual([]);
    },
    300_000,
  );
});
