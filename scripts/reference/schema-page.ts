import { stringify } from 'yaml';

/** The part of JSON Schema that our schemas use to describe a value. */
export interface Field {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Field>>;
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

/** What a page says besides the fields. */
export interface SchemaPage {
  readonly title: string;
  /** File below schemas/. */
  readonly schema: string;
  /** Path from the file that people write to the schema, for their editor. */
  readonly editorPath: string;
  /** What the schema says in keywords that the table of fields does not show. */
  readonly rules?: (root: Field) => string;
}

/** The reference of every field that a schema describes, as Markdown. */
export function schemaPage({ title, schema, editorPath, rules }: SchemaPage, root: Field): string {
  const resolve = resolver(root);
  const required = root.required ?? [];
  const parts = [
    `# ${title}`,
    `<!-- Made from schemas/${schema} by \`npm run reference\`; edit the schema instead. -->`,
    text(root.description),
    'No other keys are allowed: a misspelt one is an error with a hint. Start the file with',
    `\`\`\`yaml\n# yaml-language-server: $schema=${editorPath}\n\`\`\``,
    'and an editor with a YAML language server completes and checks it while you type.',
    ...(rules ? [rules(root)] : []),
    ...Object.entries(root.properties ?? {}).flatMap(([name, field]) =>
      typeof field === 'object' ? section(name, field, required.includes(name), resolve) : [],
    ),
  ];
  return `${parts.join('\n\n')}\n`;
}

type Resolve = (field: Field) => Field;

/** Puts what `$ref` names in its place; what stands beside it counts more. */
function resolver(root: Field): Resolve {
  return (field) => {
    const name = /^#\/\$defs\/(\w+)$/.exec(field.$ref ?? '')?.[1];
    return name ? { ...root.$defs?.[name], ...field } : field;
  };
}

function section(name: string, field: Field, required: boolean, resolve: Resolve): string[] {
  const [example] = field.examples ?? [];
  const rows = [...rowsOf(field, '', resolve)];
  return [
    `## ${name}`,
    `${text(field.description)}`,
    `${required ? 'Required' : 'Optional'}; ${typeText(field, resolve)}.`,
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
function* rowsOf(given: Field, prefix: string, resolve: Resolve): Generator<string> {
  const field = resolve(given);
  for (const branch of field.oneOf ?? []) yield* rowsOf(branch, prefix, resolve);
  for (const [name, member] of Object.entries(field.properties ?? {})) {
    if (typeof member === 'boolean') continue;
    const path = `${prefix}${name}`;
    const required = field.required?.includes(name) ? ', required' : '';
    yield `| \`${path}\` | ${cell(typeText(member, resolve))}${required} | ${cell(text(resolve(member).description))}${cell(exampleText(resolve(member)))} |`;
    yield* rowsOf(member, `${path}.`, resolve);
  }
  if (typeof field.additionalProperties === 'object') {
    yield* rowsOf(field.additionalProperties, `${prefix}NAME.`, resolve);
  }
  if (field.items) yield* rowsOf(field.items, `${prefix.replace(/\.$/, '')}[].`, resolve);
}

function exampleText(field: Field): string {
  const [example] = field.examples ?? [];
  const isTold = field.const !== undefined || field.enum || field.type === 'boolean';
  if (example === undefined || isTold || field.type === 'object') return '';
  return ` E.g. \`${JSON.stringify(example)}\`.`;
}

function typeText(given: Field, resolve: Resolve): string {
  const field = resolve(given);
  if (field.const !== undefined) return `\`${field.const}\``;
  if (field.enum) return field.enum.map((value) => `\`${value}\``).join(', ');
  if (field.oneOf) return field.oneOf.map((branch) => typeText(branch, resolve)).join(', or ');
  const types = [field.type ?? 'object'].flat();
  return `${types.map((type) => words(type, field, resolve)).join(' or ')}${limits(field)}`;
}

function words(type: string, field: Field, resolve: Resolve): string {
  const member = field.items && typeText(field.items, resolve);
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

function text(description: string | undefined): string {
  return description ?? '';
}

/** Text inside a table. */
function cell(content: string): string {
  return content.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

/** Names in a sentence: `a`, `b` and `c`. */
export function list(names: readonly string[]): string {
  const quoted = names.map((name) => `\`${name}\``);
  return `${quoted.slice(0, -1).join(', ')} and ${quoted.at(-1)}`;
}
