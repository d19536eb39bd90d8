import type { Definition } from '../relay/upstream.ts';

/** Tools that stand in for those of all servers. */
export const DISCOVERY_TOOLS: readonly Definition[] = [
  {
    name: 'find_tools',
    title: 'Find tools',
    description:
      'Finds tools of the connected servers by what they do. Start here: most tools are not listed. Returns names and descriptions, best first.',
    inputSchema: {
      type: 'object',
      properties: {
        query: { type: 'string', description: 'What the tool should do, in a few words.' },
        limit: { type: 'integer', minimum: 1, maximum: 50, description: 'Most results; 8.' },
      },
      required: ['query'],
    },
    annotations: { readOnlyHint: true, openWorldHint: false },
  },
  {
    name: 'describe_tool',
    title: 'Describe a tool',
    description: 'Shows the full definition of a tool that find_tools named, with its inputs.',
    inputSchema: {
      type: 'object',
      properties: { name: { type: 'string', description: 'Name of the tool.' } },
      required: ['name'],
    },
    annotations: { readOnlyHint: true, openWorldHint: false },
  },
  {
    name: 'call_tool',
    title: 'Call a tool',
    description:
      'Calls a tool that find_tools named. Use describe_tool first to learn its inputs. Returns what the tool returns.',
    inputSchema: {
      type: 'object',
      properties: {
        name: { type: 'string', description: 'Name of the tool.' },
        arguments: { type: 'object', description: 'Inputs of the tool.' },
      },
      required: ['name'],
    },
  },
  {
    name: 'find_servers',
    title: 'Find servers',
    description:
      'Finds servers in the catalogs that are not connected yet. All are reviewed and signed. Returns names and descriptions, best first.',
    inputSchema: {
      type: 'object',
      properties: {
        query: { type: 'string', description: 'What the server should do, in a few words.' },
        limit: { type: 'integer', minimum: 1, maximum: 50, description: 'Most results; 8.' },
      },
      required: ['query'],
    },
    annotations: { readOnlyHint: true, openWorldHint: false },
  },
  {
    name: 'add_server',
    title: 'Add a server',
    description:
      'Connects a server that find_servers named, for this gateway until it stops. A server that needs settings or secrets can only be added after the user set them.',
    inputSchema: {
      type: 'object',
      properties: { name: { type: 'string', description: 'Name of the server.' } },
      required: ['name'],
    },
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true },
  },
  {
    name: 'remove_server',
    title: 'Remove a server',
    description: 'Disconnects a server; its tools are gone until it is added again.',
    inputSchema: {
      type: 'object',
      properties: { name: { type: 'string', description: 'Name of the server.' } },
      required: ['name'],
    },
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true },
  },
];

/** Rough number of tokens of definitions: characters of their JSON divided by four. */
export function estimateTokens(definitions: readonly unknown[]): number {
  return Math.ceil(
    definitions.reduce((sum: number, one) => sum + JSON.stringify(one).length, 0) / 4,
  );
}
