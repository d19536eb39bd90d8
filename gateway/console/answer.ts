import type { IncomingMessage, ServerResponse } from 'node:http';
import { messageOf, PortolanError } from '../../core/errors.ts';
import { isObject, type JsonObject } from '../relay/protocol.ts';
import type { Failure } from './api/types.ts';

/** Only this origin's script and style, nothing inline, nothing framed, and no HTML from text. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

export const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'cache-control': 'no-store',
};

export function answerText(
  response: ServerResponse,
  status: number,
  text: string,
  type = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, { ...HEADERS, 'content-type': type });
  response.end(text);
}

export function answerJson(
  response: ServerResponse,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(200, { ...HEADERS, ...headers, 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

/** What the page is told of something that went wrong; `undefined` kind: a bug of ours. */
export function failureOf(error: unknown): Failure {
  if (error instanceof PortolanError) {
    return { kind: error.kind, code: error.code, message: error.message };
  }
  return {
    kind: 'bug',
    code: 'BUG',
    message: `this is a bug in Portolan (${messageOf(error)}); the terminal that runs the console shows more`,
  };
}

const LARGEST_BODY = 256 * 1024;

/** The body of a request, a JSON object. Throws `usage` / `REQUEST_MALFORMED`. */
export async function readBody(request: IncomingMessage): Promise<JsonObject> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST_BODY) throw malformed('is larger than 256 KiB');
    chunks.push(chunk);
  }
  let value: unknown;
  try {
    value = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw malformed('is not JSON');
  }
  if (!isObject(value)) throw malformed('is not a JSON object');
  return value;
}

function malformed(fact: string): PortolanError {
  return new PortolanError('usage', 'REQUEST_MALFORMED', `the body of the request ${fact}`);
}
