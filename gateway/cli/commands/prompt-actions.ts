import { text as readAll } from 'node:stream/consumers';
import { canonicalJson } from '../../../core/entry/canonical.ts';
import { PortolanError } from '../../../core/errors.ts';
import { isObject, type JsonObject } from '../../relay/protocol.ts';
import { visible } from '../../relay/render-diff.ts';
import type { Definition } from '../../relay/upstream.ts';
import { guardOneCall } from '../one-call.ts';
import {
  type ChosenServer,
  chooseServer,
  configureServer,
  type FoundServer,
  findServer,
  type ServerOptions,
  withServer,
} from '../one-server.ts';
import { print, table } from '../print.ts';
import { contentParts } from '../render-result.ts';
import { style } from '../style.ts';
import { suggest } from '../suggest.ts';
import { toolArguments } from '../tool-arguments.ts';

export async function listPrompts(text: string, options: ServerOptions): Promise<void> {
  const found = await findServer(text, options);
  const prompts = signedPrompts(found) ?? (await livePrompts(text, found, options));
  print(options.json, prompts, () =>
    prompts.length === 0
      ? `${found.server.entry.name} offers no prompts.`
      : table(
          prompts.map((prompt) => [
            style.bold(visible(String(prompt.name))),
            argumentsOf(prompt)
              .map(({ name, required }) => (required ? `${name}` : `[${name}]`))
              .map(visible)
              .join(' '),
            visible(String(prompt.description ?? '').split('\n')[0] ?? ''),
          ]),
        ),
  );
}

export async function getPrompt(
  text: string,
  name: string,
  args: readonly string[],
  options: ServerOptions,
): Promise<void> {
  const chosen = await chooseServer(text, options);
  const server = chosen.upstream.name;
  const guard = await guardOneCall(chosen, 'prompts/get', name);
  const prompts = signedPrompts(chosen);
  const signed = prompts && findPrompt(prompts, name, server);
  const result = await withServer(chosen.upstream, async ({ list, ask }) => {
    const live = findPrompt((await list('prompts')).items, name, server);
    if (signed && canonicalJson(signed) !== canonicalJson(live)) {
      throw new PortolanError(
        'forbidden',
        'TOOL_CHANGED',
        `${server}: the prompt ${name} is not the one that was signed`,
      );
    }
    const values = await toolArguments(args, schemaOf(live), () => readAll(process.stdin));
    return guard(values, (permitted) => ask('prompts/get', { name, arguments: permitted }));
  });
  print(options.json, result, () => describeMessages(result));
}

async function livePrompts(
  text: string,
  found: FoundServer,
  options: ServerOptions,
): Promise<readonly Definition[]> {
  const { upstream } = await configureServer(text, found, options);
  return withServer(upstream, async ({ list }) => (await list('prompts')).items);
}

/** The signed prompts; undefined when the entry's offer is live. */
function signedPrompts({
  server,
}: Pick<ChosenServer, 'server'>): readonly Definition[] | undefined {
  return server.tools && ((server.tools.prompts ?? []) as unknown as readonly Definition[]);
}

function findPrompt(prompts: readonly Definition[], name: string, server: string): Definition {
  const prompt = prompts.find((one) => one.name === name);
  if (prompt) return prompt;
  const names = prompts.map((one) => String(one.name));
  throw new PortolanError(
    'usage',
    'PROMPT_UNKNOWN',
    `${server} has no prompt "${name}"${suggest(name, names)}`,
  );
}

interface PromptArgument {
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
}

function argumentsOf(prompt: Definition): readonly PromptArgument[] {
  const list = Array.isArray(prompt.arguments) ? prompt.arguments.filter(isObject) : [];
  return list.map(({ name, description, required }) => ({
    name: String(name),
    description: String(description ?? ''),
    required: required === true,
  }));
}

/** The arguments of a prompt as a schema: they are all texts. */
function schemaOf(prompt: Definition): JsonObject {
  const all = argumentsOf(prompt);
  return {
    properties: Object.fromEntries(
      all.map(({ name, description }) => [name, { type: 'string', description }]),
    ),
    required: all.filter(({ required }) => required).map(({ name }) => name),
  };
}

function describeMessages({ messages }: JsonObject): string {
  const list = Array.isArray(messages) ? messages.filter(isObject) : [];
  return list
    .map(
      ({ role, content }) =>
        `${style.bold(`${visible(String(role))}:`)} ${contentParts(content).join('\n')}`,
    )
    .join('\n');
}
