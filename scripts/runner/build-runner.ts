import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { rolldown } from 'rolldown';
import { canonicalBytes } from '../../core/entry/canonical.ts';
import { schemas } from '../../core/entry/schema.ts';
import { writeFileAtomic } from '../../core/files.ts';
import { digestOf } from '../../core/oci/digest.ts';
import { loadConfig } from '../registry/load.ts';
import { buildConsole } from './build-console.ts';
import { precompiledSchemas } from './precompiled-schemas.ts';

/**
 * Bundles the gateway into `folder`: `portolan.mjs`, which package.json's `bin` names, checks the
 * Node.js version and turns on the compile cache; `runner.cjs`, which is what `portolan run` needs to
 * answer `tools/list`; `runner/`, the parts that are loaded when they are needed; and `console/`, the
 * page of `portolan console`. The catalog that it uses by default is that of `registry`.
 */
export async function buildRunner(folder: string, registry = 'registry'): Promise<void> {
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
  const bundle = await rolldown({
    input: 'gateway/cli/main.ts',
    platform: 'node',
    // Its CommonJS build hides its parts from bundlers behind a factory.
    resolve: { alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' } },
    transform: {
      define: {
        PORTOLAN_VERSION: JSON.stringify(version),
        PORTOLAN_SCHEMAS: JSON.stringify(digestOf(canonicalBytes(schemas))),
        PORTOLAN_DEFAULT_CATALOG: JSON.stringify(defaultCatalog(registry)),
      },
    },
    plugins: [precompiledSchemas()],
    checks: { eval: false },
  });
  const temporary = join(folder, `.runner-${process.pid}`);
  const { output } = await bundle.write({
    dir: temporary,
    // Loading node:http as an ES module makes Node.js load all of its web platform, which costs as
    // much as the rest of a start; CommonJS does not.
    format: 'cjs',
    dynamicImportInCjs: false,
    entryFileNames: 'runner.cjs',
    // Hashes: a gateway that runs while a newer one is built must not load parts of the newer one.
    chunkFileNames: 'runner/[name]-[hash].cjs',
    // What every start needs is one file, and not one for each group of parts that share something.
    codeSplitting: { groups: [{ name: 'start', tags: ['$initial'] }] },
    minify: { mangle: false, compress: true, codegen: true },
  });
  await bundle.close();
  await putInPlace(temporary, folder);
  await writeFileAtomic(join(folder, 'portolan.mjs'), BOOTSTRAP, { mode: 0o755 });
  const modules = output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
  await buildConsole(join(folder, 'console'));
  await writeFileAtomic(join(folder, 'LICENSES.txt'), await licensesOf(modules));
}

/**
 * Moves a build to where it is started from: parts first, then the file that names them. Parts of
 * earlier builds stay for an hour, for gateways that run and have not needed them yet.
 */
async function putInPlace(from: string, folder: string): Promise<void> {
  const parts = join(folder, 'runner');
  await mkdir(parts, { recursive: true });
  const made = await readdir(join(from, 'runner'));
  for (const file of made) await rename(join(from, 'runner', file), join(parts, file));
  await rename(join(from, 'runner.cjs'), join(folder, 'runner.cjs'));
  await rm(from, { recursive: true });
  for (const file of await readdir(parts)) {
    if (made.includes(file)) continue;
    const path = join(parts, file);
    const age = Date.now() - (await stat(path)).mtimeMs;
    if (age > KEEP_MS) await rm(path, { force: true });
  }
}

const KEEP_MS = 3_600_000;

const BOOTSTRAP = `#!/usr/bin/env node
var major = Number(process.versions.node.split('.')[0]);
if (!process.getBuiltinModule || major < 22) {
  console.error('portolan needs Node.js 22 or newer; this is ' + process.version + '. Install a current one from https://nodejs.org.');
  process.exit(1);
}
// Required, not imported: Node.js would read the file once more to find its exports.
var module = process.getBuiltinModule('node:module');
module.enableCompileCache();
module.createRequire(import.meta.url)('./runner.cjs');
`;

/** Where this repository publishes, and who signs there: registry/catalog.yaml. */
function defaultCatalog(registry: string) {
  const { config } = loadConfig(resolve(registry));
  if (!config) throw new Error('registry/catalog.yaml is not valid; run npm run validate');
  return { name: 'default', source: config.repository, signers: config.signers ?? [] };
}

/** The licence texts of every package in the bundle, which their licences ask to pass on. */
async function licensesOf(moduleIds: readonly string[]): Promise<string> {
  const folders = new Set(
    moduleIds.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? []),
  );
  const texts = [];
  for (const folder of [...folders].sort()) {
    const { name, version, license } = JSON.parse(
      await readFile(join(folder, 'package.json'), 'utf8'),
    ) as Record<string, string>;
    const file = (await readdir(folder)).find((item) => /^licen[cs]e/i.test(item));
    const text = file ? await readFile(join(folder, file), 'utf8') : `License: ${license}\n`;
    texts.push(`${name} ${version}\n\n${text.trim()}\n`);
  }
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}
