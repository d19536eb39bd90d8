import type { ToolDefinition } from '../../core/entry/types.generated.ts';

/** One input of a tool, as a row of a table. */
export interface SchemaRow {
  /** `filter.name` for members, `items[].id` for members of lists. */
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly description?: string;
  readonly default?: string;
  readonly values?: readonly string[];
}

/** The most letters of tools that a page shows with all their inputs; they are 4 KB compressed. */
const MOST_ON_PAGE = 16_000;
/** What the markup of a row adds. */
const ROW_MARKUP = 90;

const MAX_ROWS = 60;
const MAX_DEPTH = 3;

type Schema = Readonly<Record<string, unknown>>;

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The inputs of a JSON Schema in reading order, members of objects after their parent.
 * A stranger wrote the schema: whatever is odd in it is shown as text or left out, never an error.
 */
export function schemaRows(schema: unknown): readonly SchemaRow[] {
  const rows: SchemaRow[] = [];
  if (isSchema(schema)) addMembers(rows, schema, schema, '', 1);
  return rows;
}

/** Whether the inputs of these tools are so many that they have a page of their own. */
export function areTooMany(tools: readonly ToolDefinition[]): boolean {
  let letters = 0;
  for (const { inputSchema, description = '' } of tools) {
    letters += description.length;
    for (const { name, type, values = [], description: meaning = '' } of schemaRows(inputSchema)) {
      letters += ROW_MARKUP + name.length + type.length + meaning.length + values.join().length;
    }
    if (letters > MOST_ON_PAGE) return true;
  }
  return false;
}

function addMembers(
  rows: SchemaRow[],
  root: Schema,
  schema: Schema,
  prefix: string,
  depth: number,
) {
  if (!isSchema(schema.properties)) return;
  const required = Array.isArray(schema.required) ? schema.required : [];
  for (const [name, unresolved] of Object.entries(schema.properties)) {
    if (rows.length >= MAX_ROWS) return;
    const property = resolve(root, unresolved);
    const values = valuesOf(property);
    rows.push({
      name: `${prefix}${name}`,
      type: typeOf(root, property),
      required: required.includes(name),
      ...(typeof property.description === 'string' ? { description: property.description } : {}),
      ...(property.default === undefined ? {} : { default: JSON.stringify(property.default) }),
      ...(values ? { values } : {}),
    });
    if (depth >= MAX_DEPTH) continue;
    addMembers(rows, root, property, `${prefix}${name}.`, depth + 1);
    const items = resolve(root, property.items);
    addMembers(rows, root, items, `${prefix}${name}[].`, depth + 1);
  }
}

/** Follows one local reference; anything else stays as it is. */
function resolve(root: Schema, schema: unknown): Schema {
  if (!isSchema(schema)) return {};
  const match =
    typeof schema.$ref === 'string' && /^#\/(\$defs|definitions)\/([^/]+)$/.exec(schema.$ref);
  if (!match) return schema;
  const definitions = root[match[1] as string];
  const target = isSchema(definitions) ? definitions[match[2] as string] : undefined;
  return isSchema(target) ? { ...target, ...schema } : schema;
}

function typeOf(root: Schema, schema: Schema): string {
  if (Array.isArray(schema.type)) return schema.type.map(String).join(' or ');
  if (schema.type === 'array') {
    const items = resolve(root, schema.items);
    return Object.keys(items).length ? `list of ${typeOf(root, items)}` : 'list';
  }
  if (typeof schema.type === 'string') return schema.type;
  if (schema.const !== undefined || Array.isArray(schema.enum)) return 'value';
  const options = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(options)) {
    return [...new Set(options.map((option) => typeOf(root, resolve(root, option))))].join(' or ');
  }
  return 'any';
}

function valuesOf(schema: Schema): readonly string[] | undefined {
  const values = Array.isArray(schema.enum)
    ? schema.enum
    : schema.const === undefined
      ? undefined
      : [schema.const];
  return values
    ?.slice(0, 24)
    .map((value) => (typeof value === 'string' ? value : JSON.stringify(value)));
}
