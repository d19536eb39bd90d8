import type { IncomingHttpHeaders } from 'node:http';
import { decodeHeaderValue, NAME_SOURCE } from '../relay/header-value.ts';
import { CODE, isModern, isObject, META, MODERN_VERSIONS, metaOf } from '../relay/protocol.ts';

/** Why a request of the new era is turned away before it is read further. */
export interface HeaderProblem {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/**
 * Era of a POST body: the envelope in `_meta` decides, the version header only has to agree. A
 * header of the new era without an envelope is an error that `headerProblem` reports.
 */
export function isModernRequest(headers: IncomingHttpHeaders, body: unknown): boolean {
  if (!isObject(body)) return false;
  if (metaOf(body.params)?.[META.protocolVersion] !== undefined) return true;
  const header = headerOf(headers, 'mcp-protocol-version');
  return header !== undefined && isModern(header);
}

/**
 * Checks the headers of a request of the new era against its body (revision 2026-07-28): proxies
 * decide by the headers, so a request that says two things is refused.
 */
export function headerProblem(
  headers: IncomingHttpHeaders,
  body: { readonly id?: unknown; readonly method?: unknown; readonly params?: unknown },
): HeaderProblem | undefined {
  const version = headerOf(headers, 'mcp-protocol-version');
  const claim = metaOf(body.params)?.[META.protocolVersion];
  const isRequest = body.id !== undefined;
  if (claim === undefined) {
    if (!isRequest) return methodMismatch(headers, body);
    const missing = metaOf(body.params) === undefined ? '_meta' : META.protocolVersion;
    return {
      code: CODE.invalidParams,
      message: `Invalid params: the MCP-Protocol-Version header names ${version}, but the request lacks ${missing}`,
    };
  }
  if (metaOf(body.params)?.[META.clientCapabilities] === undefined && isRequest) return undefined;
  if (version !== undefined && version !== claim) {
    return mismatch(
      version,
      `the body names protocol version ${claim} but the MCP-Protocol-Version header names ${version}`,
    );
  }
  if (!isRequest) return methodMismatch(headers, body);
  // An unknown revision is answered with the list of known ones, whatever its other headers say.
  if (!(MODERN_VERSIONS as readonly unknown[]).includes(claim)) return undefined;
  if (version === undefined) {
    return mismatch('(missing)', 'the required MCP-Protocol-Version header is absent');
  }
  if (headerOf(headers, 'mcp-method') === undefined) {
    return mismatch('(missing)', 'the required Mcp-Method header is absent');
  }
  return methodMismatch(headers, body) ?? nameMismatch(headers, body);
}

function methodMismatch(
  headers: IncomingHttpHeaders,
  { method }: { readonly method?: unknown },
): HeaderProblem | undefined {
  const header = headerOf(headers, 'mcp-method');
  if (header === undefined || header === method) return undefined;
  return mismatch(
    header,
    `the body names method ${String(method)} but the Mcp-Method header names ${header}`,
  );
}

function nameMismatch(
  headers: IncomingHttpHeaders,
  { method, params }: { readonly method?: unknown; readonly params?: unknown },
): HeaderProblem | undefined {
  const field = Object.hasOwn(NAME_SOURCE, String(method))
    ? NAME_SOURCE[String(method)]
    : undefined;
  if (field === undefined) return undefined;
  const value = isObject(params) ? params[field] : undefined;
  const header = headerOf(headers, 'mcp-name');
  if (header === undefined) {
    if (typeof value !== 'string') return undefined;
    return mismatch(
      '(missing)',
      `the body carries params.${field} but the Mcp-Name header is absent`,
    );
  }
  const decoded = decodeHeaderValue(header);
  if (decoded === undefined) {
    return mismatch(header, 'the Mcp-Name header carries an invalid Base64 value');
  }
  if (typeof value !== 'string' || decoded === value) return undefined;
  return mismatch(
    header,
    `the body carries params.${field}="${value}" but the Mcp-Name header names "${decoded}"`,
  );
}

function mismatch(header: string, body: string): HeaderProblem {
  return {
    code: CODE.headerMismatch,
    message: `Bad Request: the request headers and body disagree: ${body}`,
    data: { mismatch: { header, body } },
  };
}

function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value.trim() : undefined;
}
