/**
 * `npm run generate:trusted-root [-- --check]`: the snapshot of Sigstore's trusted root that ships
 * with the runner, so that keyless signatures can be checked offline. It comes from the locked
 * package @sigstore/tuf, whose seeds Sigstore's own clients start from; updating that package and
 * running this brings a new root.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const target = new URL('../core/trust/trusted-root.generated.json', import.meta.url);
const seeds = createRequire(import.meta.url)('@sigstore/tuf/seeds.json') as Record<
  string,
  { targets: Record<string, string> }
>;
const seed = seeds['https://tuf-repo-cdn.sigstore.dev']?.targets['trusted_root.json'];
if (!seed) throw new Error('@sigstore/tuf holds no seed of trusted_root.json any more');
const text = `${JSON.stringify(JSON.parse(Buffer.from(seed, 'base64').toString()), null, 2)}\n`;

if (process.argv.includes('--check')) {
  if ((await readFile(target, 'utf8').catch(() => '')) !== text) {
    console.error(
      'core/trust/trusted-root.generated.json is out of date; run npm run generate:trusted-root',
    );
    process.exitCode = 1;
  }
} else {
  await writeFile(target, text);
}
