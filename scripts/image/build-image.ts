import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { PortolanError } from '../../core/errors.ts';
import { findProgram } from '../../core/isolation/find-program.ts';
import { inspectImage, parseImage, pinned } from '../contribute/image.ts';

const CONTAINERFILE = 'docs/deploy/Containerfile';

/** What is to be built; see scripts/build-image.ts. */
export interface ImageOptions {
  readonly tags: readonly string[];
  readonly version: string;
  readonly base?: string | undefined;
  readonly engine?: string | undefined;
  readonly platform?: string | undefined;
}

/**
 * Builds the image from the built runner. Gives the base, pinned by the digest that its tag has now,
 * and the engine. Throws `unreachable` / `RUNNER_MISSING` or `ENGINE_MISSING`, `failed` /
 * `BUILD_FAILED`, and what the base's registry throws.
 */
export async function buildImage(
  options: ImageOptions,
): Promise<{ readonly base: string; readonly engine: string }> {
  const { tags, version, platform } = options;
  const engine = engineFor(options.engine);
  const named = options.base ?? (await defaultBase());
  const reference = parseImage(named);
  // Threat: a tag that moves between two builds, or that somebody moved.
  const base = pinned(reference, reference.digest ?? (await inspectImage(reference)).digest);
  const context = await mkdtemp(join(tmpdir(), 'portolan-image-'));
  try {
    await fill(context);
    const labels = {
      title: 'Portolan gateway',
      version,
      licenses: 'Apache-2.0',
      'base.name': named.split('@', 1)[0] ?? named,
      'base.digest': base.split('@')[1] ?? '',
    };
    const args = [
      'build',
      ...['--file', CONTAINERFILE, '--build-arg', `BASE=${withoutTag(base)}`],
      ...tags.flatMap((tag) => ['--tag', tag]),
      ...Object.entries(labels).flatMap(([name, value]) => [
        '--label',
        `org.opencontainers.image.${name}=${value}`,
      ]),
      ...(platform ? ['--platform', platform] : []),
      // Its own format has no health checks; a fixed time gives the same bytes from the same files.
      ...(isPodman(engine) ? ['--format', 'docker', '--timestamp', '0'] : []),
      context,
    ];
    const { status, error } = spawnSync(engine, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    if (status !== 0) {
      throw new PortolanError(
        'failed',
        'BUILD_FAILED',
        `${engine} build failed: ${error?.message ?? 'its message is above'}`,
      );
    }
    return { base, engine: basename(engine) };
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

/** What package.json publishes, and an empty home for a user who cannot make one. */
async function fill(context: string): Promise<void> {
  const { files } = JSON.parse(await readFile('package.json', 'utf8')) as { files: string[] };
  await mkdir(join(context, 'home'), { recursive: true });
  for (const file of [...files, 'package.json', 'LICENSE']) {
    if (await stat(file).catch(() => undefined)) {
      await cp(file, join(context, 'portolan', file), { recursive: true });
    } else if (file === 'dist/portolan.mjs') {
      throw new PortolanError(
        'unreachable',
        'RUNNER_MISSING',
        `${file} is not there; run \`npm run build:runner\` first`,
      );
    }
  }
}

function engineFor(wanted: string | undefined): string {
  const names = wanted === undefined ? ['podman', 'docker'] : [wanted];
  const found = names.map((name) => findProgram(name)).find((path) => path !== undefined);
  if (found) return found;
  throw new PortolanError(
    'unreachable',
    'ENGINE_MISSING',
    `${names.join(' and ')} cannot be found on the PATH; install one of podman and docker`,
  );
}

/** The base that the Containerfile names. */
async function defaultBase(): Promise<string> {
  const found = /^ARG BASE=(\S+)$/m.exec(await readFile(CONTAINERFILE, 'utf8'))?.[1];
  if (!found) throw new Error(`${CONTAINERFILE} names no base`);
  return found;
}

/** Some engines refuse a tag beside a digest. */
function withoutTag(image: string): string {
  const { host, repository, digest } = parseImage(image);
  return `${host}/${repository}@${digest}`;
}

function isPodman(engine: string): boolean {
  return /^podman/.test(basename(engine));
}
