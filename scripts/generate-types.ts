/**
 * `npm run generate:types [-- --check]`: TypeScript types of every JSON Schema in schemas/, written
 * to core/entry/types.generated.ts. The schemas are the authority; the types follow from them.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { compile, type JSONSchema } from 'json-schema-to-typescript';

const target = new URL('../core/entry/types.generated.ts', import.meta.url);
const sources = [
  'server',
  'tools',
  'catalog-config',
  'catalog',
  'policy',
  'profile',
  'profile-lock',
];

const parts = ['// Generated from schemas/ by `npm run generate:types`; do not edit.\n'];
for (const name of sources) {
  const file = new URL(`../schemas/${name}.schema.json`, import.meta.url);
  const schema = JSON.parse(await readFile(file, 'utf8')) as JSONSchema;
  // "Exactly one of container, npm, remote" is Ajv's to check; as a type it only adds noise.
  if (name === 'server') delete schema.oneOf;
  parts.push(
    await compile(schema, name, {
      bannerComment: '',
      ignoreMinAndMaxItems: true,
      style: { singleQuote: true },
    }),
  );
}
const text = parts.join('\n');

if (process.argv.includes('--check')) {
  if ((await readFile(target, 'utf8').catch(() => '')) !== text) {
    console.error('core/entry/types.generated.ts is out of date; run npm run generate:types');
    process.exitCode = 1;
  }
} else {
  await writeFile(target, text);
}
