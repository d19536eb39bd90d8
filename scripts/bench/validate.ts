/**
 * `npm run bench:validate [-- COUNT]`: makes a registry of COUNT entries (10,000 when absent) in a
 * temporary Git repository and measures the checks as contributors and CI run them: everything, and
 * a single changed entry. Prints the figures that docs/performance.md records.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { validateRegistry } from '../rules/run.ts';
import { generateRegistry } from './generate-registry.ts';

const count = Number(process.argv[2] ?? 10_000);
const root = mkdtempSync(join(tmpdir(), 'portolan-bench-'));
try {
  const registry = join(root, 'registry');
  await generateRegistry(registry, count);
  git('init', '--quiet');
  git('add', '.');
  git('-c', 'user.name=b', '-c', 'user.email=b@example.com', 'commit', '--quiet', '-m', 'Start');
  const [first = ''] = readdirSync(join(registry, 'servers'));
  appendFileSync(join(registry, 'servers', first, 'server.yaml'), '# changed\n');
  console.log(
    `${count} entries, ${availableParallelism()} processors, load ${loadavg()[0]?.toFixed(1)}, Node.js ${process.version}`,
  );
  measure('all entries', '--registry', registry);
  measure('one changed entry', '--registry', registry, '--changed', '--base', 'HEAD');
  // On a busy machine the processor time says more than the wall time.
  const before = process.cpuUsage();
  await validateRegistry(registry);
  const { user, system } = process.cpuUsage(before);
  console.log(
    `all entries: ${((user + system) / 1e6).toFixed(1)} s of processor time in all threads`,
  );
} finally {
  rmSync(root, { recursive: true, force: true });
}

/** Wall time of a whole process, the start of Node.js included; the best of three. */
function measure(what: string, ...args: string[]): void {
  const script = join(import.meta.dirname, '..', 'validate.ts');
  const times = [1, 2, 3].map(() => {
    const started = performance.now();
    const { status, stderr } = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${what}: ${stderr}`);
    return (performance.now() - started) / 1000;
  });
  console.log(`${what}: ${Math.min(...times).toFixed(2)} s`);
}

function git(...args: string[]): void {
  execFileSync('git', args, { cwd: root, stdio: 'ignore' });
}
