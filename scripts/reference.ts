/**
 * `npm run reference [-- --check]`: writes docs/reference/entry.md, the reference of every field of
 * an entry, out of the schema. With --check it writes nothing and fails when the page is stale.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { writeFileAtomic } from '../core/files.ts';
import schema from '../schemas/server.schema.json' with { type: 'json' };

interface Field {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly title?: string;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Field | boolean>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Field | boolean;
  readonly items?: Field;
  readonly oneOf?: readonly Field[];
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly format?: string;
}

const ONE_OF = 'one of `container`, `npm`, `remote`';

/** The page as Markdown. */
export function entryReference(root: Field = schema as unknown as Field): string {
  const parts = [
    '# Fields of an entry',
    '<!-- Made from schemas/server.schema.json by `npm run reference`; edit the schema instead. -->',
    text(root.description),
    'No other keys are allowed: a misspelt one is an error with a hint. Start the file with',
    '```yaml\n# yaml-language-server: $schema=../../../schemas/server.schema.json\n```',
    'and an editor with a YAML language server completes and checks it while you type.',
    `Every entry has ${list(root.required ?? [])}, and exactly ${ONE_OF}. Entries with \`container\` or \`npm\` also have \`permissions\`; entries with \`remote\` have neither \`permissions\` nor \`args\`, \`env\`, \`stateful\` or \`requires\`.`,
    ...Object.entries(root.properties ?? {}).flatMap(([name, field]) =>
      typeof field === 'object' ? section(name, field, root.required?.includes(name) ?? false) : [],
    ),
  ];
  return `${parts.join('\n\n')}\n`;
}

function section(name: string, field: Field, required: boolean): string[] {
  const [example] = field.examples ?? [];
  const rows = [...rowsOf(field, '')];
  return [
    `## ${name}`,
    `${text(field.description)}`,
    `${required ? 'Required' : 'Optional'}; ${typeText(field)}.`,
    ...(rows.length > 0
      ? [['| field | value | meaning |', '|---|---|---|', ...rows].join('\n')]
      : []),
    ...(example === undefined
      ? []
      : [
          `\`\`\`yaml\n${stringify({ [name]: example }, { lineWidth: 0, flowCollectionPadding: false })}\`\`\``,
        ]),
  ];
}

/** One line per field below, `a.b` for nested ones, `a[].b` in lists, `a.NAME.b` in mappings. */
function* rowsOf(given: Field, prefix: string): Generator<string> {
  const field = resolve(given);
  for (const branch of field.oneOf ?? []) yield* rowsOf(branch, prefix);
  for (const [name, member] of Object.entries(field.properties ?? {})) {
    if (typeof member === 'boolean') continue;
    const path = `${prefix}${name}`;
    const required = field.required?.includes(name) ? ', required' : '';
    yield `| \`${path}\` | ${cell(typeText(member))}${required} | ${cell(text(resolve(member).description))}${cell(exampleText(resolve(member)))} |`;
    yield* rowsOf(member, `${path}.`);
  }
  if (typeof field.additionalProperties === 'object') {
    yield* rowsOf(field.additionalProperties, `${prefix}NAME.`);
  }
  if (field.items) yield* rowsOf(field.items, `${prefix.replace(/\.$/, '')}[].`);
}

function exampleText(field: Field): string {
  const [example] = field.examples ?? [];
  const isTold = field.const !== undefined || field.enum || field.type === 'boolean';
  if (example === undefined || isTold || field.type === 'object') return '';
  return ` E.g. \`${JSON.stringify(example)}\`.`;
}

function typeText(given: Field): string {
  const field = resolve(given);
  if (field.const !== undefined) return `\`${field.const}\``;
  if (field.enum) return field.enum.map((value) => `\`${value}\``).join(', ');
  if (field.oneOf) return field.oneOf.map(typeText).join(', or ');
  const types = [field.type ?? 'object'].flat();
  return `${types.map((type) => words(type, field)).join(' or ')}${limits(field)}`;
}

function words(type: string, field: Field): string {
  const member = field.items && typeText(field.items);
  const names: Record<string, string> = {
    string: field.format === 'uri' ? 'URL' : 'text',
    integer: 'whole number',
    boolean: '`true` or `false`',
    array: `list${member ? ` (${member})` : ''}`,
    object: 'mapping',
  };
  return names[type] ?? type;
}

function limits(field: Field): string {
  const { minLength, maxLength, minItems, maxItems, minimum, exclusiveMinimum, maximum } = field;
  const range = (low: number | undefined, high: number | undefined, unit: string) => {
    if (low !== undefined && high !== undefined) return [`${low} to ${high}${unit}`];
    if (high !== undefined) return [`at most ${high}${unit}`];
    return low === undefined ? [] : [`at least ${low}${unit}`];
  };
  const parts = [
    ...range(minLength, maxLength, ' characters'),
    ...range(minItems, maxItems, ' members'),
    ...(exclusiveMinimum === undefined ? [] : [`more than ${exclusiveMinimum}`]),
    ...range(minimum, maximum, ''),
  ];
  return parts.length > 0 ? `, ${parts.join(', ')}` : '';
}

function resolve(field: Field): Field {
  const name = /^#\/\$defs\/(\w+)$/.exec(field.$ref ?? '')?.[1];
  return name
    ? { ...((schema.$defs as unknown as Record<string, Field>)[name] ?? {}), ...field }
    : field;
}

function text(description: string | undefined): string {
  return description ?? '';
}

/** Text inside a table. */
function cell(content: string): string {
  return content.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

function list(names: readonly string[]): string {
  const quoted = names.map((name) => `\`${name}\``);
  return `${quoted.slice(0, -1).join(', ')} and ${quoted.at(-1)}`;
}

if (import.meta.main) {
  const file = join(import.meta.dirname, '..', 'docs', 'reference', 'entry.md');
  const page = entryReference();
  if (!process.argv.includes('--check')) {
    await writeFileAtomic(file, page);
  } else if (read(file) !== page) {
    console.error('docs/reference/entry.md is out of date; run npm run reference');
    process.exitCode = 1;
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
