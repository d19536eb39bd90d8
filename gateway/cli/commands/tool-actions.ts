import { text as readAll } from 'node:stream/consumers';
import { canonicalJson } from '../../../core/entry/canonical.ts';
import { PortolanError } from '../../../core/errors.ts';
import { counted } from '../../../core/text.ts';
import { portolanPaths } from '../../paths.ts';
import { isObject, type JsonObject } from '../../relay/protocol.ts';
import { visible } from '../../relay/render-diff.ts';
import type { Definition } from '../../relay/upstream.ts';
import { guardOneCall, permittedTools } from '../one-call.ts';
import {
  type ChosenServer,
  chooseServer,
  configureServer,
  findServer,
  type ServerOptions,
  withServer,
} from '../one-server.ts';
import { print, table } from '../print.ts';
import { showProgress } from '../progress.ts';
import { renderResult, visibleLines } from '../render-result.ts';
import { style } from '../style.ts';
import { suggest } from '../suggest.ts';
import { type Input, inputsOf, toolArguments } from '../tool-arguments.ts';

export async function listTools(text: string, options: ServerOptions): Promise<void> {
  const { tools } = await toolsOf(text, options);
  print(options.json, tools, () =>
    table(
      tools.map((tool) => [
        style.bold(visible(String(tool.name))),
        hintsOf(tool),
        visible(String(tool.description ?? '').split('\n')[0] ?? ''),
      ]),
    ),
  );
}

export async function showTool(text: string, name: string, options: ServerOptions): Promise<void> {
  const { tools, server } = await toolsOf(text, options);
  const tool = findTool(tools, name, server);
  print(options.json, tool, () => describeTool(tool));
}

export async function callTool(
  text: string,
  name: string,
  args: readonly string[],
  options: ServerOptions,
): Promise<void> {
  const chosen = await chooseServer(text, options);
  const guard = await guardOneCall(chosen, 'tools/call', name);
  const server = chosen.upstream.name;
  const signed = chosen.server.tools && findTool(signedTools(chosen), name, server);
  // Before the start when the inputs are known: a mistake is told at once.
  const early = signed && (await valuesFor(args, signed));
  const progress = showProgress();
  const result = await withServer(chosen.upstream, async ({ list, ask }) => {
    const live = findTool((await list('tools')).items, name, server);
    if (signed && canonicalJson(signed) !== canonicalJson(live)) {
      throw new PortolanError(
        'forbidden',
        'TOOL_CHANGED',
        `${server}: the tool ${name} is not the one that was signed; \`portolan diff ${server}\` shows the difference`,
      );
    }
    const values = early ?? (await valuesFor(args, live));
    return guard(values, (permitted) =>
      ask('tools/call', { name, arguments: permitted }, (params) =>
        progress.update(...progressOf(params)),
      ),
    );
  }).finally(() => progress.done());
  print(options.json, result, () => renderResult(result));
  if (result.isError === true) process.exitCode = 1;
}

/** Arguments as the schema types them; asks at a terminal for those that are missing. */
async function valuesFor(args: readonly string[], tool: Definition): Promise<JsonObject> {
  const ask = process.stdin.isTTY
    ? async (missing: readonly Input[]) =>
        (await import('../ask-arguments.ts')).askArguments(missing)
    : undefined;
  return toolArguments(args, tool.inputSchema, () => readAll(process.stdin), ask);
}

/**
 * Signed tools where there are any, which need no setting and start nothing, else those of the
 * running server; without those that the policy refuses.
 */
async function toolsOf(
  text: string,
  options: ServerOptions,
): Promise<{ readonly tools: readonly Definition[]; readonly server: string }> {
  const found = await findServer(text, options);
  const tools = found.server.tools
    ? signedTools(found)
    : await liveTools(await configureServer(text, found, options));
  return { tools: await permittedTools(found, tools), server: found.server.entry.name };
}

function liveTools({ upstream }: ChosenServer): Promise<readonly Definition[]> {
  return withServer(upstream, async ({ list }) => (await list('tools')).items);
}

/** The signed tools; none when the entry's tools are live. */
export function signedTools({ server }: Pick<ChosenServer, 'server'>): readonly Definition[] {
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

/** `portolan tools forget`: the lists that a gateway kept of servers without signed tools. */
export async function forgetTools(servers: readonly string[], json: true | undefined) {
  const { forgetLists } = await import('../../compose/keep-lists.ts');
  const forgotten = await forgetLists(portolanPaths(), servers.length > 0 ? servers : undefined);
  print(json, { forgotten }, () =>
    forgotten === 0
      ? 'Nothing was kept.'
      : `Forgot the lists of ${counted(forgotten, 'server')}; the next gateway asks for them.`,
  );
}

function hintsOf({ annotations }: Definition): string {
  if (!isObject(annotations)) return '';
  if (annotations.readOnlyHint === true) return 'reads';
  return annotations.destructiveHint === true ? 'destructive' : 'writes';
}

function describeTool(tool: Definition): string {
  const rows = inputsOf(tool.inputSchema).map((input) => [
    `  ${style.bold(visible(input.name))}`,
    `${input.choices.length > 0 ? input.choices.map(String).map(visible).join('|') : input.types.join('|') || 'any'}${input.required ? ', required' : ''}`,
    visible(input.description.split('\n')[0] ?? ''),
  ]);
  return [
    `${style.bold(visible(String(tool.name)))}  ${hintsOf(tool)}`.trimEnd(),
    visibleLines(String(tool.description ?? '')),
    '',
    rows.length > 0 ? `Inputs\n${table(rows)}` : 'It takes no inputs.',
  ].join('\n');
}

function progressOf({ progress, total, message }: JsonObject): [string, number | undefined] {
  const done = Number(progress);
  const all = typeof total === 'number' && total > 0 ? total : undefined;
  const words = visible(String(message ?? ''));
  return [`${done}${all === undefined ? '' : `/${all}`} ${words}`.trimEnd(), all && done / all];
}
