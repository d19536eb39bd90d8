import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PortolanError } from '../../core/errors.ts';
import { writeFileAtomic } from '../../core/files.ts';

interface Stage {
  readonly title: string;
  /** Scripts with their arguments, run in turn. */
  readonly scripts: readonly (readonly string[])[];
  /** Files and folders that the result depends on. */
  readonly inputs: readonly string[];
  /** What it makes; built again when it is missing. */
  readonly output: string;
}

const PUBLISHER = ['registry', 'schemas', 'core', 'scripts', 'package-lock.json'];

const stages: readonly Stage[] = [
  {
    title: 'Validate the registry, build and sign the catalog',
    scripts: [['scripts/validate.ts'], ['scripts/build-catalog.ts'], ['scripts/verify.ts']],
    // The catalog's number and commit come from Git.
    inputs: [...PUBLISHER, '.git/HEAD', '.git/logs/HEAD', '.portolan/dev.pub'],
    output: 'dist/catalog/index.json',
  },
  {
    title: 'Build the site',
    scripts: [['scripts/build-site.ts'], ['scripts/build-api.ts']],
    inputs: [...PUBLISHER, 'site', 'docs', 'astro.config.mjs', 'dist/catalog/index.json'],
    output: 'dist/site/index.html',
  },
  {
    title: 'Build the gateway',
    scripts: [['scripts/build-runner.ts']],
    inputs: ['core', 'gateway', 'schemas', 'scripts/runner', 'package-lock.json'],
    output: 'dist/portolan.mjs',
  },
];

/** Builds what is missing or out of date, stage by stage, and says what it does. */
export async function prepare(say: (line: string) => void): Promise<void> {
  for (const [index, stage] of stages.entries()) {
    const label = `[${index + 1}/${stages.length}] ${stage.title}`;
    const stamp = join('dist', `.stamp-${index + 1}`);
    if (existsSync(stage.output) && readIfThere(stamp) === fingerprintOf(stage.inputs)) {
      say(`${label}: up to date`);
      continue;
    }
    say(`${label} ...`);
    const start = Date.now();
    for (const args of stage.scripts) {
      const { status } = spawnSync(process.execPath, [...args], { stdio: ['ignore', 2, 2] });
      if (status !== 0) {
        throw new PortolanError(
          'failed',
          'STAGE_FAILED',
          `${args[0]} failed; its message is above`,
        );
      }
    }
    // Taken after the work: the first build makes inputs of its own, such as the development key.
    await writeFileAtomic(stamp, fingerprintOf(stage.inputs));
    say(`${label}: done in ${((Date.now() - start) / 1000).toFixed(1)} s`);
  }
}

/** Changes when any file below the inputs changes in path, size or time. */
function fingerprintOf(inputs: readonly string[]): string {
  const hash = createHash('sha256');
  for (const input of inputs) addTo(hash, input);
  return hash.digest('hex');
}

function addTo(hash: ReturnType<typeof createHash>, path: string): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) return;
  if (stats.isDirectory()) {
    for (const name of readdirSync(path).sort()) {
      if (name !== 'node_modules') addTo(hash, join(path, name));
    }
  } else {
    hash.update(`${path}\0${stats.size}\0${stats.mtimeMs}\n`);
  }
}

function readIfThere(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}
