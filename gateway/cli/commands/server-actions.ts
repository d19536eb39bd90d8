import { text as readAll } from 'node:stream/consumers';
import { canonicalJson } from '../../../core/entry/canonical.ts';
import { resolveEntry } from '../../../core/entry/resolve.ts';
import { PortolanError } from '../../../core/errors.ts';
import { inspectPlan } from '../../../core/isolation/inspect.ts';
import { isolationOptions } from '../../compose/isolation-options.ts';
import { parseAssignments, typedParameters } from '../../profile/settings.ts';
import { compareTools, isSame } from '../../relay/compare.ts';
import { isObject, type JsonObject } from '../../relay/protocol.ts';
import { renderToolDiff, visible } from '../../relay/render-diff.ts';
import type { Definition } from '../../relay/upstream.ts';
import { guardOneCall, permittedTools } from '../one-call.ts';
import { type ChosenServer, chooseServer, type ServerOptions, withServer } from '../one-server.ts';
import { note, print, table } from '../print.ts';
import { suggest } from '../suggest.ts';
import { toolArguments } from '../tool-arguments.ts';

export async function listTools(text: string, options: ServerOptions): Promise<void> {
  const chosen = await chooseServer(text, options);
  const tools = await toolsOf(chosen);
  print(options.json, tools, () =>
    table(
      tools.map((tool) => [
        visible(String(tool.name)),
        hintsOf(tool),
        visible(String(tool.description ?? '').split('\n')[0] ?? ''),
      ]),
    ),
  );
}

export async function showTool(text: string, name: string, options: ServerOptions): Promise<void> {
  const chosen = await chooseServer(text, options);
  const tool = findTool(await toolsOf(chosen), name, chosen.upstream.name);
  print(options.json, tool, () => describeTool(tool));
}

export async function callTool(
  text: string,
  name: string,
  args: readonly string[],
  options: ServerOptions,
): Promise<void> {
  const chosen = await chooseServer(text, options);
  const guard = await guardOneCall(chosen, name);
  const signed = chosen.server.tools && findTool(definitions(chosen), name, chosen.upstream.name);
  const result = await withServer(chosen.upstream, async ({ list, ask }) => {
    const live = findTool((await list('tools')).items, name, chosen.upstream.name);
    if (signed && canonicalJson(signed) !== canonicalJson(live)) {
      throw new PortolanError(
        'forbidden',
        'TOOL_CHANGED',
        `${chosen.upstream.name}: the tool ${name} is not the one that was signed; \`portolan diff ${chosen.upstream.name}\` shows the difference`,
      );
    }
    const values = await toolArguments(args, live.inputSchema, () => readAll(process.stdin));
    return guard(values, (permitted) =>
      ask('tools/call', { name, arguments: permitted }, showProgress),
    );
  });
  print(options.json, result, () => textOf(result));
  if (result.isError === true) process.exitCode = 1;
}

export async function diffServer(text: string, options: ServerOptions): Promise<void> {
  const chosen = await chooseServer(text, options);
  const { tools } = chosen.server;
  if (!tools) {
    throw new PortolanError(
      'usage',
      'TOOLS_DYNAMIC',
      `${chosen.upstream.name} has no signed tools to compare with: they are listed live`,
    );
  }
  const live = await withServer(chosen.upstream, async ({ list }) => (await list('tools')).items);
  const diff = compareTools(definitions(chosen), live);
  print(options.json, diff, () =>
    isSame(diff)
      ? `${chosen.upstream.name}: all ${live.length} live tools are the signed ones`
      : renderToolDiff(diff),
  );
  if (!isSame(diff)) process.exitCode = 1;
}

export async function inspectServer(text: string, options: ServerOptions): Promise<void> {
  const { server, profile } = await chooseServer(text, options);
  const { entry } = server;
  const { parameters, isolation = options.isolation } = profile.server(entry.name) ?? {};
  const assignments = parseAssignments(options.set).get(entry.name) ?? new Map();
  const resolved = resolveEntry(entry, {
    parameters: { ...parameters, ...typedParameters(entry, assignments) },
    secrets: Object.fromEntries((entry.secrets ?? []).map(({ name }) => [name, `<${name}>`])),
  });
  if (entry.remote) {
    const value = {
      url: resolved.url,
      headers: Object.keys(resolved.headers),
      oauth: entry.remote.oauth,
    };
    print(options.json, value, () =>
      [
        `${entry.title} runs elsewhere; the gateway connects to ${resolved.url}`,
        `Headers: ${value.headers.join(', ') || 'none'}`,
        `Sign-in: ${entry.remote?.oauth ? 'OAuth' : 'none'}`,
      ].join('\n'),
    );
    return;
  }
  const tree = { folder: '<npm tree>', script: `<${entry.npm?.package}>` };
  const inspection = await inspectPlan(
    { entry, resolved, ...(entry.npm ? { tree } : {}) },
    isolationOptions({ ...options, isolation }),
  );
  print(options.json, inspection, () =>
    [
      `${entry.title} runs in ${inspection.engine ?? inspection.driver} and may touch:`,
      table(
        inspection.grants.map(({ kind, detail, field }) => [`  ${kind}`, detail, `(${field})`]),
      ),
      resolved.network.length === 0 ? '  no network' : '',
      ...inspection.notes.map((text) => `  note: ${text}`),
      '',
      'Command:',
      `  ${inspection.command.map(quoted).join(' ')}`,
    ]
      .filter((line, index) => line !== '' || index > 3)
      .join('\n'),
  );
}

/**
 * Signed tools where there are any, else those of the running server; without those that the policy
 * refuses.
 */
async function toolsOf(chosen: ChosenServer): Promise<readonly Definition[]> {
  const tools = chosen.server.tools
    ? definitions(chosen)
    : await withServer(chosen.upstream, async ({ list }) => (await list('tools')).items);
  return permittedTools(chosen.upstream, tools);
}

function definitions({ server }: ChosenServer): readonly Definition[] {
  return (server.tools?.tools ?? []) as unknown as readonly Definition[];
}

function findTool(tools: readonly Definition[], name: string, server: string): Definition {
  const tool = tools.find((item) => item.name === name);
  if (tool) return tool;
  throw new PortolanError(
    'usage',
    'TOOL_UNKNOWN',
    `${server} has no tool "${name}"${suggest(
      name,
      tools.map((item) => String(item.name)),
    )}`,
  );
}

function hintsOf({ annotations }: Definition): string {
  if (!isObject(annotations)) return '';
  if (annotations.readOnlyHint === true) return 'reads';
  return annotations.destructiveHint === true ? 'destructive' : 'writes';
}

function describeTool(tool: Definition): string {
  const schema = isObject(tool.inputSchema) ? tool.inputSchema : {};
  const properties = isObject(schema.properties) ? schema.properties : {};
  const required = Array.isArray(schema.required) ? schema.required : [];
  const rows = Object.entries(properties).map(([name, value]) => {
    const { type, description, enum: choices } = (isObject(value) ? value : {}) as JsonObject;
    return [
      `  ${visible(name)}`,
      `${Array.isArray(type) ? type.join('|') : (type ?? (choices ? 'choice' : 'any'))}${required.includes(name) ? ', required' : ''}`,
      visible(String(description ?? '').split('\n')[0] ?? ''),
    ];
  });
  return [
    `${visible(String(tool.name))}  ${hintsOf(tool)}`.trimEnd(),
    visibleLines(String(tool.description ?? '')),
    '',
    rows.length > 0 ? `Inputs\n${table(rows)}` : 'It takes no inputs.',
  ].join('\n');
}

/** The text of a result; what is no text is named. */
function textOf(result: JsonObject): string {
  const content = Array.isArray(result.content) ? result.content.filter(isObject) : [];
  const parts = content.map((item) => {
    if (item.type === 'text') return visibleLines(String(item.text));
    if (item.type === 'resource_link') return `[resource ${visible(String(item.uri))}]`;
    return `[${visible(String(item.type))} ${visible(String(item.mimeType ?? ''))}]`;
  });
  if (parts.length === 0 && isObject(result.structuredContent)) {
    return JSON.stringify(result.structuredContent, null, 2);
  }
  return parts.join('\n');
}

/** As `visible`, but lines stay lines: a tool's output must not steer the terminal. */
function visibleLines(text: string): string {
  return text
    .split('\n')
    .map((line) => visible(line.replaceAll('\t', '    ')))
    .join('\n');
}

function showProgress({ progress, total, message }: JsonObject): void {
  note(
    `${progress}${total === undefined ? '' : `/${total}`} ${visible(String(message ?? ''))}`.trimEnd(),
  );
}

function quoted(part: string): string {
  return /^[\w@%+=:,./<>-]+$/.test(part) ? part : `'${part.replaceAll("'", "'\\''")}'`;
}
