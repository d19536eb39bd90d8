import type { JsonRpcMessage } from '../../core/isolation/channel.ts';

/** Revisions with an `initialize` handshake and a session, newest first. */
export const LEGACY_VERSIONS = [
  '2025-11-25',
  '2025-06-18',
  '2025-03-26',
  '2024-11-05',
] as const satisfies readonly string[];

/** Revisions without a handshake: every request carries its own envelope in `_meta`. */
export const MODERN_VERSIONS = ['2026-07-28'] as const satisfies readonly string[];

export const LATEST_LEGACY = LEGACY_VERSIONS[0];
export const LATEST_MODERN = MODERN_VERSIONS[0];

/** Which of the two ways of speaking a peer uses. */
export type Era = 'legacy' | 'modern';

/** Reserved `_meta` keys of revision 2026-07-28. */
export const META = {
  protocolVersion: 'io.modelcontextprotocol/protocolVersion',
  clientInfo: 'io.modelcontextprotocol/clientInfo',
  clientCapabilities: 'io.modelcontextprotocol/clientCapabilities',
  serverInfo: 'io.modelcontextprotocol/serverInfo',
  logLevel: 'io.modelcontextprotocol/logLevel',
  subscriptionId: 'io.modelcontextprotocol/subscriptionId',
} as const;

/** JSON-RPC error codes, with those that MCP adds. */
export const CODE = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  /** Resource not found, before 2026-07-28. */
  resourceNotFound: -32002,
  headerMismatch: -32020,
  missingCapability: -32021,
  unsupportedVersion: -32022,
} as const;

/** Severities of `notifications/message`, least severe first. */
export const LOG_LEVELS = [
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
] as const;

export type JsonObject = Record<string, unknown>;
export type RequestId = string | number;

/** What a peer calls itself (Implementation of the MCP schema). */
export interface Implementation {
  readonly name: string;
  readonly version?: string;
  readonly [key: string]: unknown;
}

/** True for revisions that work without a handshake; revisions are ISO dates, so they compare as text. */
export function isModern(version: string): boolean {
  return version >= LATEST_MODERN;
}

/** True for a plain JSON object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The `_meta` object of a message's parameters, when there is one. */
export function metaOf(params: unknown): JsonObject | undefined {
  if (!isObject(params)) return undefined;
  return isObject(params._meta) ? params._meta : undefined;
}

/** The answer to a request. */
export function resultMessage(id: RequestId, result: JsonObject): JsonRpcMessage {
  return { jsonrpc: '2.0', id, result };
}

/** The refusal of a request; `id` is null when the request's own could not be read. */
export function errorMessage(
  id: RequestId | null,
  code: number,
  message: string,
  data?: unknown,
): JsonRpcMessage {
  return {
    jsonrpc: '2.0',
    id,
    error: data === undefined ? { code, message } : { code, message, data },
  };
}

/** A one-way message. */
export function notification(method: string, params?: JsonObject): JsonRpcMessage {
  return params === undefined ? { jsonrpc: '2.0', method } : { jsonrpc: '2.0', method, params };
}

/**
 * An error that a client may see as it is. Carries the JSON-RPC code of the answer.
 */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: number;
  readonly data: unknown;

  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }
}
