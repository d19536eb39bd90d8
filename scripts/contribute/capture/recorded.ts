import { readFile } from 'node:fs/promises';
import type { CapturedTools, ServerEntry } from '../../../core/entry/types.generated.ts';
import { messageOf, PortolanError } from '../../../core/errors.ts';
import { sourceOf } from './capture.ts';
import { capturedTools, type Item } from './offer.ts';

/**
 * tools.json from definitions that somebody recorded with a live account: a JSON file with the
 * result of `tools/list`, or with several of `serverInfo`, `capabilities`, `instructions`, `tools`,
 * `prompts`, `resources` and `resourceTemplates`. `how` tells readers where they come from.
 *
 * Throws `malformed` / `RECORD_MALFORMED`.
 */
export async function recordedTools(
  entry: ServerEntry,
  file: string,
  how: string,
): Promise<CapturedTools> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw malformed(`${file} cannot be read as JSON: ${messageOf(error)}`, error);
  }
  const record = typeof value === 'object' && value !== null ? (value as Item) : {};
  if (!Array.isArray(record.tools)) throw malformed(`${file} has no list of tools`);
  const list = (key: string) => (Array.isArray(record[key]) ? (record[key] as Item[]) : []);
  const { serverInfo, capabilities, instructions, protocolVersion } = record;
  return capturedTools(
    {
      ...(typeof protocolVersion === 'string' ? { protocolVersion } : {}),
      serverInfo: (serverInfo ?? { name: entry.name }) as CapturedTools['serverInfo'],
      ...(typeof instructions === 'string' ? { instructions } : {}),
      capabilities: (capabilities ?? { tools: {} }) as CapturedTools['capabilities'],
      tools: list('tools'),
      prompts: list('prompts'),
      resources: list('resources'),
      resourceTemplates: list('resourceTemplates'),
    },
    { capturedFrom: sourceOf(entry), capturedWith: how },
  );
}

function malformed(fact: string, cause?: unknown): PortolanError {
  return new PortolanError(
    'malformed',
    'RECORD_MALFORMED',
    `${fact}; give the result of tools/list, e.g. as the MCP Inspector exports it`,
    { cause },
  );
}
