import type { JsonRpcMessage } from './channel.ts';

/** So much of a line is told that secrets can be found in it before it is cut shorter. */
const EXCERPT = 4_000;

/** The JSON-RPC messages in a line; what is none is told to `note` and left out. */
export function* messagesIn(line: Buffer, note: (text: string) => void): Generator<JsonRpcMessage> {
  const text = line.toString('utf8').trim();
  if (text === '') return;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    note(`a line on stdout is not JSON: ${text.slice(0, EXCERPT)}`);
    return;
  }
  // Revision 2025-03-26 allowed batches.
  for (const member of Array.isArray(value) ? value : [value]) {
    if (isMessage(member)) yield member;
    else note(`a line on stdout is not a JSON-RPC message: ${text.slice(0, EXCERPT)}`);
  }
}

function isMessage(value: unknown): value is JsonRpcMessage {
  return typeof value === 'object' && value !== null && (value as JsonRpcMessage).jsonrpc === '2.0';
}
