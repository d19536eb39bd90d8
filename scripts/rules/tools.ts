import type { CapturedTools, ServerEntry } from '../../core/entry/types.generated.ts';
import { prettyJson } from '../contribute/pretty-json.ts';
import { show } from '../registry/show.ts';
import { type Complaint, entryRule } from './rule.ts';

/** tools.json is there when it must be, and was captured from what the entry names. */
export const tools = entryRule('tools', function* ({ server }) {
  const { entry, source, tools, name } = server;
  const capture = `run npm run capture -- ${name}`;
  if (!tools) {
    if (entry.tools === 'static' && entry.status?.state !== 'withdrawn') {
      yield {
        in: source,
        at: ['tools'],
        fact: 'the tools are static, but there is no tools.json',
        remedy: `${capture}, or say why they are dynamic`,
      };
    }
    return;
  }
  const { captured } = tools;
  if (!captured) return;
  if (entry.tools !== 'static' && !captured.capturedWith) {
    yield {
      in: tools.source,
      fact: 'the tools are dynamic, but tools.json lists them',
      remedy: 'write tools: static when they are always these, or remove the file',
    };
  }
  const expected = originOf(entry);
  if (captured.capturedFrom !== expected) {
    yield {
      in: tools.source,
      at: ['capturedFrom'],
      fact: `the tools are those of ${show(captured.capturedFrom, 160)}, the entry is ${show(expected, 160)}`,
      remedy: capture,
    };
  }
  yield* definitionFaults(captured, tools.source, capture);
  if (tools.source.text !== prettyJson(tools.data)) {
    yield {
      in: tools.source,
      fact: 'the file was edited by hand, or a key stands twice in one object',
      remedy: `${capture}; it writes the file in one way only, so that a review misses nothing`,
    };
  }
});

/** What a capture of this entry says that it came from. */
export function originOf({ npm, container, remote }: ServerEntry): string {
  return npm ? `${npm.package}@${npm.version}` : (container?.image ?? remote?.url ?? '');
}

function* definitionFaults(
  captured: CapturedTools,
  source: Complaint['in'],
  capture: string,
): Generator<Complaint> {
  const seen = new Set<string>();
  for (const [index, { name, inputSchema }] of captured.tools.entries()) {
    const at = ['tools', index];
    if (seen.has(name)) {
      yield {
        in: source,
        at: [...at, 'name'],
        fact: `${show(name)} is the name of two tools`,
        remedy: `report it to the publisher of the server, whose clients cannot tell them apart, then ${capture}`,
      };
    }
    seen.add(name);
    // As in the MCP schema and in what the models' providers accept.
    if (!/^[A-Za-z0-9_.:/-]+$/.test(name)) {
      yield {
        in: source,
        at: [...at, 'name'],
        fact: `${show(name)} is not a name that models accept`,
        remedy: 'report it to the publisher of the server; letters, digits, _ - . : / are possible',
      };
    }
    if (inputSchema.type !== 'object') {
      yield {
        in: source,
        at: [...at, 'inputSchema'],
        fact: 'the input of a tool must be a JSON Schema of type object',
        remedy: 'report it to the publisher of the server',
      };
    }
  }
}
