import { PortolanError } from '../../core/errors.ts';
import type { JsonObject } from '../relay/protocol.ts';
import type { ConsoleContext } from './context.ts';

/** A request of the page, with its parts. */
export interface ApiRequest {
  /** Parts of the path that the route names, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Empty for GET. */
  readonly body: JsonObject;
}

/** What the page can ask for. A POST changes something, and tells every open page what. */
export interface Route {
  readonly method: 'GET' | 'POST';
  /** `/api/servers/:name` */
  readonly path: string;
  readonly run: (request: ApiRequest, context: ConsoleContext) => Promise<unknown>;
}

export const get = (path: string, run: Route['run']): Route => ({ method: 'GET', path, run });
export const post = (path: string, run: Route['run']): Route => ({ method: 'POST', path, run });

/** Finds the route of a request, and the parts of its path. */
export function findRoute(
  routes: readonly Route[],
  method: string,
  path: string,
): { readonly route: Route; readonly params: Readonly<Record<string, string>> } | undefined {
  const parts = path.split('/');
  for (const route of routes) {
    const wanted = route.path.split('/');
    if (route.method !== method || wanted.length !== parts.length) continue;
    const params: Record<string, string> = {};
    const fits = wanted.every((name, index) => {
      const part = parts[index] ?? '';
      if (!name.startsWith(':')) return name === part;
      const text = decoded(part);
      if (!text) return false;
      params[name.slice(1)] = text;
      return true;
    });
    if (fits) return { route, params };
  }
  return undefined;
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

/** A text of the body. Throws `usage` / `REQUEST_MALFORMED`. */
export function textIn(body: JsonObject, field: string): string {
  const value = body[field];
  if (typeof value === 'string' && value !== '') return value;
  throw malformed(`has no text "${field}"`);
}

export function optionalTextIn(body: JsonObject, field: string): string | undefined {
  return body[field] === undefined || body[field] === '' ? undefined : textIn(body, field);
}

export function flagIn(body: JsonObject, field: string): boolean {
  const value = body[field] ?? false;
  if (typeof value === 'boolean') return value;
  throw malformed(`"${field}" is neither true nor false`);
}

export function textsIn(body: JsonObject, field: string): readonly string[] {
  const value = body[field] ?? [];
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw malformed(`"${field}" is not a list of texts`);
}

function malformed(fact: string): PortolanError {
  return new PortolanError(
    'usage',
    'REQUEST_MALFORMED',
    `the request ${fact}; reload the page, it may be of an older version`,
  );
}
