import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { rolldown } from 'rolldown';
import { writeFileAtomic } from '../../core/files.ts';
import { loadConfig } from '../registry/load.ts';
import { precompiledSchemas } from './precompiled-schemas.ts';

/**
 * Bundles the gateway into `folder`: `portolan.mjs`, which package.json's `bin` names, checks the
 * Node.js version and turns on the compile cache, and `runner.cjs`, which is everything else.
 * Two files because an old Node.js must be able to read the first one to say what is wrong, and
 * because the compile cache only covers what is loaded after it is on.
 */
export async function buildRunner(folder: string): Promise<void> {
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
  const bundle = await rolldown({
    input: 'gateway/cli/main.ts',
    platform: 'node',
    // Its CommonJS build hides its parts from bundlers behind a factory.
    resolve: { alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' } },
    transform: {
      define: {
        PORTOLAN_VERSION: JSON.stringify(version),
        PORTOLAN_DEFAULT_CATALOG: JSON.stringify(defaultCatalog()),
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
    entryFileNames: 'runner.cjs',
    codeSplitting: false,
    minify: { mangle: false, compress: true, codegen: true },
  });
  await bundle.close();
  for (const file of await readdir(temporary)) {
    await rename(join(temporary, file), join(folder, file));
  }
  await rm(temporary, { recursive: true });
  await writeFileAtomic(join(folder, 'portolan.mjs'), BOOTSTRAP, { mode: 0o755 });
  const modules = output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
  await writeFileAtomic(join(folder, 'LICENSES.txt'), await licensesOf(modules));
}

const BOOTSTRAP = `#!/usr/bin/env node
var major = Number(process.versions.node.split('.')[0]);
if (major < 22) {
  console.error('portolan needs Node.js 22 or newer; this is ' + process.version + '. Install a current one from https://nodejs.org.');
  process.exit(1);
}
import('node:module').then(function (module) {
  module.enableCompileCache();
  return import('./runner.cjs');
});
`;

/** Where this repository publishes, and who signs there: registry/catalog.yaml. */
function defaultCatalog() {
  const { config } = loadConfig(resolve('registry'));
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
