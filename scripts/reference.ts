/**
 * `npm run reference [-- --check]`: writes the pages of docs/reference, every field of the files
 * that people write, out of their schemas, and of the commands, out of themselves. With --check it
 * writes nothing and fails when a page is stale.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../core/files.ts';
import { type Field, list, type SchemaPage, schemaPage } from './reference/schema-page.ts';

const root = join(import.meta.dirname, '..');

/** Pages by their file below docs/reference. */
export const SCHEMA_PAGES: Readonly<Record<string, SchemaPage>> = {
  'entry.md': {
    title: 'Fields of an entry',
    schema: 'server.schema.json',
    editorPath: '../../../schemas/server.schema.json',
    rules: ({ required = [] }) =>
      `Every entry has ${list(required)}, and exactly one of \`container\`, \`npm\`, \`remote\`. Entries with \`container\` or \`npm\` also have \`permissions\`; entries with \`remote\` have neither \`permissions\` nor \`args\`, \`env\`, \`stateful\` or \`requires\`.`,
  },
  'profile.md': {
    title: 'Fields of a profile',
    schema: 'profile.schema.json',
    editorPath:
      'https://raw.githubusercontent.com/portolan-mcp/portolan/main/schemas/profile.schema.json',
  },
  'catalog.md': {
    title: 'Fields of catalog.yaml',
    schema: 'catalog-config.schema.json',
    editorPath: '../schemas/catalog-config.schema.json',
  },
  'policy.md': {
    title: 'Fields of a policy',
    schema: 'policy.schema.json',
    editorPath:
      'https://raw.githubusercontent.com/portolan-mcp/portolan/main/schemas/policy.schema.json',
  },
};

/** A page of docs/reference as it must be. */
export function referencePage(file: string): string {
  const page = SCHEMA_PAGES[file];
  if (!page) throw new TypeError(`docs/reference/${file} is made from nothing`);
  const schema = JSON.parse(readFileSync(join(root, 'schemas', page.schema), 'utf8')) as Field;
  return schemaPage(page, schema);
}

/** The page of the commands, as the command line describes itself; nothing here imports the gateway. */
function commandsPage(): string {
  return execFileSync(process.execPath, [join(root, 'gateway', 'cli', 'reference-page.ts')], {
    encoding: 'utf8',
  });
}

if (import.meta.main) {
  for (const file of [...Object.keys(SCHEMA_PAGES), 'cli.md']) {
    const path = join(root, 'docs', 'reference', file);
    const page = file === 'cli.md' ? commandsPage() : referencePage(file);
    if (!process.argv.includes('--check')) {
      await writeFileAtomic(path, page);
    } else if (read(path) !== page) {
      console.error(`docs/reference/${file} is out of date; run npm run reference`);
      process.exitCode = 1;
    }
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
