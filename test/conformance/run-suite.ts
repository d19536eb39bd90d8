import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** One check of a scenario, as the suite writes it. */
interface Check {
  readonly id: string;
  readonly status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO';
  readonly errorMessage?: string;
}

/** What the official suite found. */
export interface SuiteReport {
  /** Scenarios that ran, by name. */
  readonly scenarios: ReadonlyMap<string, readonly Check[]>;
  /** `scenario: check: why` of everything that failed in a scenario that is required. */
  readonly failures: readonly string[];
  readonly passed: number;
}

const program = join(
  dirname(createRequire(import.meta.url).resolve('@modelcontextprotocol/conformance/package.json')),
  'dist/index.js',
);

/** Runs the official conformance suite with these arguments and reads its results. */
export async function runSuite(
  args: readonly string[],
  required: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<SuiteReport> {
  const folder = mkdtempSync(join(tmpdir(), 'portolan-conformance-'));
  try {
    await new Promise<void>((resolve, reject) => {
      const child = spawn(process.execPath, [program, ...args, '-o', folder], {
        stdio: 'ignore',
        env: { ...process.env, ...env },
      });
      child.once('error', reject);
      child.once('exit', () => resolve());
    });
    return readReport(folder, required);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The scenarios that a revision requires, from the suite's own list. */
export function requiredScenarios(revision: string, side: 'server' | 'client'): string[] {
  const file = join(dirname(dirname(program)), 'requirements', `${revision}.yaml`);
  const text = readFileSync(file, 'utf8');
  const block = new RegExp(`^${side}:\\n((?:[ \\t#-].*\\n|\\n)*)`, 'm').exec(text)?.[1] ?? '';
  return [...block.matchAll(/^\s*-\s*([\w./-]+)/gm)].map((match) => match[1] as string);
}

function readReport(folder: string, required: readonly string[]): SuiteReport {
  const scenarios = new Map<string, readonly Check[]>();
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('checks.json')) continue;
    // server-NAME-DATE/checks.json; client scenarios may have slashes in their name.
    const name = dirname(path)
      .replace(/^(server|client)-/, '')
      .replace(/-\d{4}-\d\d-\d\dT.*$/, '');
    scenarios.set(name, JSON.parse(readFileSync(join(folder, path), 'utf8')) as Check[]);
  }
  const failures: string[] = [];
  let passed = 0;
  for (const name of required) {
    const checks = scenarios.get(name);
    if (!checks) {
      failures.push(`${name}: did not run`);
      continue;
    }
    for (const { id, status, errorMessage } of checks) {
      if (status === 'SUCCESS') passed += 1;
      if (status === 'FAILURE') failures.push(`${name}: ${id}: ${errorMessage ?? 'failed'}`);
    }
  }
  return { scenarios, failures, passed };
}
