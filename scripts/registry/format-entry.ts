import { isDeepStrictEqual } from 'node:util';
import { isMap, isScalar, isSeq, type Pair, parseDocument, type YAMLMap } from 'yaml';
import { PortolanError } from '../../core/errors.ts';
import serverSchema from '../../schemas/server.schema.json' with { type: 'json' };
import { parseYaml } from './parse-yaml.ts';

/** First line of every server.yaml: editors complete and check the entry by it. */
export const SCHEMA_LINE = '# yaml-language-server: $schema=../../../schemas/server.schema.json';

interface Schema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
}

/**
 * Text of a server.yaml in the canonical order and layout: keys as in the schema, two spaces, LF,
 * the schema line first. Comments and the author's quotes and flow style stay; the data is the
 * same, which is checked. Throws `malformed` on text that is not one YAML document.
 */
export function formatEntry(path: string, text: string): string {
  const unix = text.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n');
  const before = parseYaml(path, unix);
  if ('finding' in before) {
    const { line, fact, remedy } = before.finding;
    throw new PortolanError('malformed', 'ENTRY_MALFORMED', `${path}:${line}: ${fact}; ${remedy}`);
  }
  const document = parseDocument(unix, { keepSourceTokens: false });
  const { contents } = document;
  if (isMap(contents)) {
    releaseComment(contents, document);
    sortKeys(contents, serverSchema as unknown as Schema);
  }
  const body = document.toString({ lineWidth: 0, flowCollectionPadding: false, indent: 2 });
  const formatted = `${SCHEMA_LINE}\n${withoutSchemaLine(body)}`;
  const after = parseYaml(path, formatted);
  if ('finding' in after || !isDeepStrictEqual(after.data, before.data)) {
    throw new PortolanError(
      'failed',
      'FORMAT_CHANGES_DATA',
      `${path}: formatting would change what the entry says; format it by hand and report this`,
    );
  }
  return formatted;
}

/** A comment above the first key belongs to that key, wherever it goes. */
function releaseComment(contents: YAMLMap, document: { commentBefore?: string | null }): void {
  const [first] = contents.items;
  const comments = [document.commentBefore, contents.commentBefore]
    .filter((comment) => typeof comment === 'string')
    .flatMap((comment) => comment.split('\n'))
    .filter((line) => !line.trimStart().startsWith('yaml-language-server:'));
  document.commentBefore = null;
  contents.commentBefore = null;
  if (comments.length > 0 && isScalar(first?.key)) {
    const own = first.key.commentBefore;
    first.key.commentBefore = [...comments, ...(own ? [own] : [])].join('\n');
  }
}

function sortKeys(node: unknown, schema: Schema | undefined): void {
  const shape = schema?.$ref ? lookUp(schema.$ref) : schema;
  if (isSeq(node)) {
    for (const item of node.items) sortKeys(item, shape?.items);
  } else if (isMap(node)) {
    const branch = shape?.oneOf?.find(({ properties }) => properties);
    const properties = shape?.properties ?? branch?.properties;
    if (properties) {
      const order = Object.keys(properties);
      const rank = (pair: Pair) => {
        const index = order.indexOf(keyOf(pair));
        return index < 0 ? order.length : index;
      };
      node.items.sort((a, b) => rank(a) - rank(b));
    }
    const rest =
      typeof shape?.additionalProperties === 'object' ? shape.additionalProperties : undefined;
    for (const pair of node.items) sortKeys(pair.value, properties?.[keyOf(pair)] ?? rest);
  }
}

function keyOf({ key }: Pair): string {
  return isScalar(key) ? String(key.value) : '';
}

function lookUp(reference: string): Schema | undefined {
  const name = /^#\/\$defs\/(\w+)$/.exec(reference)?.[1];
  return name === undefined ? undefined : (serverSchema.$defs as Record<string, Schema>)[name];
}

function withoutSchemaLine(text: string): string {
  return text.replace(/^(?:#[ \t]*yaml-language-server:.*\n|[ \t]*\n)+/, '');
}
