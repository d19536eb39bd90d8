import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import manifest from '../../package.json' with { type: 'json' };

interface Step {
  uses?: string;
  run?: string;
  env?: Record<string, string>;
}
interface Workflow {
  on: Record<string, unknown>;
  permissions?: Record<string, string>;
  jobs: Record<string, { permissions?: Record<string, string>; steps: Step[] }>;
}

const folder = join(import.meta.dirname, '..', '..', '.github', 'workflows');
const workflows = readdirSync(folder).map((file) => {
  const text = readFileSync(join(folder, file), 'utf8');
  return { file, text, workflow: parse(text) as Workflow };
});
const stepsOf = ({ jobs }: Workflow) => Object.values(jobs).flatMap(({ steps }) => steps);

describe.each(workflows)('$file', ({ text, workflow }) => {
  test('pins every action by commit', () => {
    for (const { uses } of stepsOf(workflow)) {
      if (uses) expect(uses).toMatch(/^[\w.-]+\/[\w./-]+@[0-9a-f]{40}$/);
    }
  });

  test('runs only scripts of package.json, with nothing of a stranger in the command', () => {
    for (const { run } of stepsOf(workflow)) {
      if (run === undefined) continue;
      expect(run).not.toContain('${{');
      for (const [, script] of run.matchAll(/npm run ([\w:-]+)/g)) {
        expect(Object.keys(manifest.scripts)).toContain(script);
      }
    }
  });

  test('starts with little', () => {
    expect(workflow.permissions).toBeDefined();
    expect(Object.values(workflow.permissions ?? {})).not.toContain('write');
    expect(Object.keys(workflow.on)).not.toContain('pull_request_target');
  });

  test('leaves no token in the clone', () => {
    const checkouts = text.match(/uses: actions\/checkout@/g) ?? [];
    const kept = text.match(/persist-credentials: false/g) ?? [];
    expect(kept).toHaveLength(checkouts.length);
  });
});

test('what a pull request can change sees neither secrets nor a token that writes', () => {
  const found = workflows.filter(({ workflow }) => 'pull_request' in workflow.on);
  expect(found).not.toEqual([]);
  for (const { text, workflow } of found) {
    expect(text).not.toContain('secrets.');
    expect(text).not.toContain('github.token');
    for (const { permissions } of Object.values(workflow.jobs)) {
      expect(Object.values(permissions ?? {})).not.toContain('write');
    }
  }
});
