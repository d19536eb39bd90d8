import { messageOf } from '../../core/errors.ts';
import type { JsonRpcMessage } from '../../core/isolation/channel.ts';
import type { Gateway } from '../relay/gateway.ts';
import { type Client, Inbound, type Outlet } from '../relay/inbound.ts';
import {
  CODE,
  type Implementation,
  isObject,
  type JsonObject,
  META,
  type RequestId,
} from '../relay/protocol.ts';
import type { Definition } from '../relay/upstream.ts';
import { DISCOVERY_TOOLS } from './definitions.ts';
import { buildIndex } from './rank.ts';
import type { ServerShelf } from './server-shelf.ts';

export interface DiscoverOptions {
  readonly info: Implementation;
  readonly shelf: ServerShelf;
}

const INSTRUCTIONS =
  'Most tools are not listed. Find them with find_tools, read their inputs with describe_tool, and call them with call_tool. Servers of the catalog that are not connected yet are found with find_servers and connected with add_server.';

/**
 * The same gateway with six tools that stand in for those of all servers, so that hundreds of
 * definitions do not fill a model's context. `call_tool` becomes a call of the tool itself: policy,
 * audit, progress, cancellation and questions to the client are those of any other call.
 */
export function discoverGateway(inner: Gateway, options: DiscoverOptions): Gateway {
  return {
    ...inner,
    setUpstreams: (upstreams) => options.shelf.replace(upstreams),
    receive(client, message, outlet = client.outlet) {
      if (!isObject(message) || !isRequest(message)) return inner.receive(client, message, outlet);
      switch (message.method) {
        case 'initialize':
        case 'server/discover':
          return inner.receive(client, message, answering(outlet, greeted));
        case 'tools/list':
          return inner.receive(
            client,
            message,
            answering(outlet, (result) => {
              result.tools = [...DISCOVERY_TOOLS];
              delete result.nextCursor;
            }),
          );
        case 'tools/call':
          return call(inner, options, client, message, outlet);
        default:
          return inner.receive(client, message, outlet);
      }
    },
  };
}

type Request = JsonRpcMessage & { readonly id: RequestId; readonly method: string };

function isRequest(message: JsonObject): message is JsonObject & Request {
  const { id, method } = message;
  return typeof method === 'string' && (typeof id === 'string' || typeof id === 'number');
}

/** Servers that offer no tools now may be joined by others that do. */
function greeted(result: JsonObject): void {
  const capabilities = isObject(result.capabilities) ? result.capabilities : {};
  capabilities.tools ??= { listChanged: true };
  result.capabilities = capabilities;
  result.instructions =
    typeof result.instructions === 'string'
      ? `${INSTRUCTIONS}\n\n${result.instructions}`
      : INSTRUCTIONS;
}

function call(
  inner: Gateway,
  options: DiscoverOptions,
  client: Client,
  message: JsonObject & Request,
  outlet: Outlet,
): void {
  const params = isObject(message.params) ? message.params : {};
  const values = isObject(params.arguments) ? params.arguments : {};
  if (params.name === 'call_tool') {
    const name = values.name;
    const target = { ...params, name, arguments: values.arguments ?? {} };
    inner.receive(client, { ...message, params: target }, outlet);
    return;
  }
  const work = LOCAL[String(params.name)];
  // Tools that a client knows by name, from before or from elsewhere, can still be called.
  if (!work) {
    inner.receive(client, message, outlet);
    return;
  }
  const inbound = new Inbound(client, eraOf(params), { ...message, params }, outlet, {
    capabilities: client.capabilities,
    capabilitiesKey: client.capabilitiesKey,
    logLevel: undefined,
  });
  if (client.calls.has(inbound.id)) {
    inbound.fail(CODE.invalidRequest, 'this id is already in use', undefined, 400);
    return;
  }
  client.calls.set(inbound.id, inbound);
  work({ inner, options, client, params, values })
    .then(
      (value) => ({ content: [{ type: 'text', text: textOf(value) }] }),
      (error: unknown) => ({ content: [{ type: 'text', text: messageOf(error) }], isError: true }),
    )
    .then((result) =>
      inbound.result(
        inbound.era === 'modern'
          ? { resultType: 'complete', ...result, _meta: { [META.serverInfo]: options.info } }
          : result,
      ),
    );
}

interface LocalCall {
  readonly inner: Gateway;
  readonly options: DiscoverOptions;
  readonly client: Client;
  readonly params: JsonObject;
  readonly values: JsonObject;
}

const LOCAL: Readonly<Record<string, (call: LocalCall) => Promise<unknown>>> = {
  async find_tools(local) {
    const query = textIn(local.values, 'query');
    const found = toolIndex(await toolsOf(local)).search(query, limitIn(local.values));
    if (found.length === 0) {
      return `No tool fits "${query}". Try other words, or find_servers for servers that are not connected yet.`;
    }
    return found.map(({ item }) => ({ name: item.name, description: shortened(item.description) }));
  },
  async describe_tool(local) {
    const name = textIn(local.values, 'name');
    const tool = (await toolsOf(local)).find((item) => item.name === name);
    if (!tool) throw new Error(`There is no tool ${name}; find_tools names those that there are.`);
    return tool;
  },
  async find_servers({ options, values }) {
    const query = textIn(values, 'query');
    const found = options.shelf.find(query, limitIn(values));
    return found.length > 0 ? found : `No server fits "${query}". Try other words.`;
  },
  add_server: ({ options, values }) => options.shelf.add(textIn(values, 'name')),
  remove_server: ({ options, values }) => options.shelf.remove(textIn(values, 'name')),
};

/** What this client would see without discovery: policy and signed definitions as ever. */
function toolsOf({ inner, client, params }: LocalCall): Promise<readonly Definition[]> {
  return new Promise((resolve, reject) => {
    const outlet: Outlet = {
      send() {},
      end({ result, error }) {
        if (error) reject(new Error(error.message));
        else resolve((Array.isArray(result?.tools) ? result.tools : []) as Definition[]);
      },
    };
    const request = {
      jsonrpc: '2.0',
      id: `portolan-discover-${++asked}`,
      method: 'tools/list',
      params: isObject(params._meta) ? { _meta: withoutProgress(params._meta) } : {},
    };
    inner.receive(client, request, outlet);
  });
}

let asked = 0;

function withoutProgress({ progressToken: _, ...meta }: JsonObject): JsonObject {
  return meta;
}

function toolIndex(tools: readonly Definition[]) {
  return buildIndex(tools, (tool) => [
    [String(tool.name), 4],
    [String(tool.title ?? ''), 2],
    [String(tool.description ?? ''), 1],
    [parametersOf(tool), 1],
  ]);
}

function parametersOf({ inputSchema }: Definition): string {
  const properties = isObject(inputSchema) ? inputSchema.properties : undefined;
  if (!isObject(properties)) return '';
  return Object.entries(properties)
    .map(([name, value]) => `${name} ${isObject(value) ? String(value.description ?? '') : ''}`)
    .join(' ');
}

function answering(outlet: Outlet, change: (result: JsonObject) => void): Outlet {
  return {
    ...(outlet.gapMs !== undefined && { gapMs: outlet.gapMs }),
    send: (message) => outlet.send(message),
    end(message, status) {
      if (message.result) change(message.result);
      outlet.end(message, status);
    },
  };
}

function eraOf(params: JsonObject): 'legacy' | 'modern' {
  return isObject(params._meta) && params._meta[META.protocolVersion] !== undefined
    ? 'modern'
    : 'legacy';
}

function textIn(values: JsonObject, name: string): string {
  const value = values[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new Error(`The input "${name}" is missing; it is a text.`);
}

function limitIn({ limit }: JsonObject): number {
  return typeof limit === 'number' && Number.isInteger(limit)
    ? Math.min(Math.max(limit, 1), 50)
    : 8;
}

function shortened(description: unknown): string {
  const text = String(description ?? '').split('\n\n')[0] ?? '';
  return text.length > 300 ? `${text.slice(0, 300).replace(/\s+\S*$/, '')} …` : text;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}
