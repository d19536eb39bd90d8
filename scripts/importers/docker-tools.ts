import type {
  CapturedTools,
  ServerEntry,
  ToolDefinition,
} from '../../core/entry/types.generated.ts';
import { originOf } from '../rules/tools.ts';
import { isRecord } from './docker-parameters.ts';
import { factsOf, type Unmapped } from './facts.ts';

const CAPTURED_WITH =
  'the tools.json of the catalog that this was imported from, which leaves parts of the definitions out; npm run capture replaces it';

/** Converts Docker's tools.json, in which inputs are `inputSchema` or a list of `arguments`. */
export function readDockerTools(
  data: unknown,
  name: string,
  launch: Partial<ServerEntry>,
): { tools?: CapturedTools; unmapped: readonly Unmapped[] } {
  if (data === undefined || (Array.isArray(data) && data.length === 0)) return { unmapped: [] };
  const facts = factsOf({ 'tools.json': data });
  if (!Array.isArray(data)) {
    facts.report(['tools.json'], 'this is no list of tools');
    return { unmapped: facts.unmapped(name) };
  }
  const tools = data.flatMap((tool, index): ToolDefinition[] => {
    const path = ['tools.json', index];
    if (!isRecord(tool) || typeof tool.name !== 'string') {
      facts.report(path, 'a tool has a name');
      return [];
    }
    for (const key of ['name', 'description', 'title', 'inputSchema', 'annotations'])
      facts.take(...path, key);
    const list = Array.isArray(tool.arguments) ? tool.arguments : [];
    if (list.length === 0) facts.take(...path, 'arguments');
    return [
      {
        name: tool.name,
        ...(typeof tool.title === 'string' && { title: tool.title }),
        ...(typeof tool.description === 'string' && { description: tool.description }),
        inputSchema: isRecord(tool.inputSchema)
          ? tool.inputSchema
          : schemaOf(list, (index, key) => facts.take(...path, 'arguments', index, key)),
        ...(isRecord(tool.annotations) && { annotations: tool.annotations }),
      },
    ];
  });
  return {
    tools: {
      capturedFrom: originOf(launch as ServerEntry),
      capturedWith: CAPTURED_WITH,
      serverInfo: { name },
      capabilities: { tools: {} },
      tools,
    },
    unmapped: facts.unmapped(name),
  };
}

function schemaOf(
  list: readonly unknown[],
  take: (index: number, key: string) => unknown,
): Record<string, unknown> {
  const properties: Record<string, unknown> = {};
  const required: string[] = [];
  for (const [index, argument] of list.entries()) {
    if (!isRecord(argument) || typeof argument.name !== 'string') continue;
    for (const key of ['name', 'type', 'desc', 'items', 'optional']) take(index, key);
    properties[argument.name] = {
      ...(typeof argument.type === 'string' && { type: argument.type }),
      ...(isRecord(argument.items) && { items: argument.items }),
      ...(typeof argument.desc === 'string' && argument.desc && { description: argument.desc }),
    };
    if (argument.optional !== true) required.push(argument.name);
  }
  return { type: 'object', properties, ...(required.length > 0 && { required }) };
}
