import schema from '../../../schemas/server.schema.json';

/** One field of server.yaml, as the schema describes it. */
export interface Field {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly description: string;
  readonly example?: string;
}

interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly examples?: readonly unknown[];
  readonly $ref?: string;
}

/** Every field of server.yaml in the schema's order, members after their parent. */
export function fieldReference(): readonly Field[] {
  const fields: Field[] = [];
  add(fields, schema as unknown as SchemaNode, '', 0);
  return fields;
}

function add(fields: Field[], node: SchemaNode, prefix: string, depth: number): void {
  for (const [name, property] of Object.entries(node.properties ?? {})) {
    const items = follow(property.items);
    const [example] = property.examples ?? [];
    const simple = typeof example !== 'object' && example !== undefined;
    fields.push({
      name: `${prefix}${name}`,
      type: property.enum ? property.enum.join(' | ') : (property.type ?? 'see below'),
      required: node.required?.includes(name) === true,
      description: property.description ?? '',
      ...(simple ? { example: String(example).slice(0, 80) } : {}),
    });
    if (depth === 2) continue;
    add(fields, property, `${prefix}${name}.`, depth + 1);
    if (items) add(fields, items, `${prefix}${name}[].`, depth + 1);
  }
}

function follow(node: SchemaNode | undefined): SchemaNode | undefined {
  const name = node?.$ref?.replace('#/$defs/', '');
  return name ? ((schema.$defs as Record<string, unknown>)[name] as SchemaNode) : node;
}
