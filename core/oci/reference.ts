import { PortolanError } from '../errors.ts';
import { type Digest, isDigest } from './digest.ts';

/** A repository on a registry: `oci://HOST[:PORT]/NAME[:TAG|@DIGEST]`. */
export interface RegistrySource {
  readonly kind: 'registry';
  /** Host and port as written, e.g. `ghcr.io` or `localhost:5000`. */
  readonly host: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

/** An OCI image layout: `oci-layout:FOLDER[:TAG]`, or a tar of one, `oci-layout:FILE.tar[:TAG]`. */
export interface LayoutSource {
  readonly kind: 'layout';
  readonly path: string;
  readonly archive: boolean;
  readonly tag?: string;
  readonly digest?: Digest;
}

export type Source = RegistrySource | LayoutSource;

// The grammar of the distribution spec ("Pulling manifests"). Separators and alphanumerics do not
// overlap, so matching takes linear time on hostile input as well.
const NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const HOST =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[0-9a-fA-F:.]{2,45}\])(?::[0-9]{1,5})?$/;
const MAX_SOURCE = 4096;
/** Registries limit host and name together to 255 characters (distribution spec). */
const MAX_NAME = 255;

/** True for a tag that the distribution spec allows. */
export function isTag(text: string): boolean {
  return TAG.test(text);
}

/** True for a repository name that the distribution spec allows. */
export function isRepositoryName(text: string): boolean {
  return text.length <= MAX_NAME && NAME.test(text);
}

/**
 * Reads a source as a user writes it. Neither tag nor digest is required: a catalog's own tags are
 * known. Throws `usage` / `SOURCE_MALFORMED` with what to write instead.
 */
export function parseSource(text: string): Source {
  if (text.length > MAX_SOURCE) throw malformed(text, `is longer than ${MAX_SOURCE} characters`);
  if (hasControl(text)) throw malformed(text, 'holds control characters');
  if (text.startsWith('oci-layout:')) return parseLayout(text);
  if (text.startsWith('oci://')) return parseRegistry(text, text.slice('oci://'.length));
  throw malformed(text, `is not a source; ${suggestion(text)}`);
}

/** The source as a user would write it. */
export function formatSource(source: Source): string {
  const tail = source.digest ? `@${source.digest}` : source.tag ? `:${source.tag}` : '';
  return source.kind === 'registry'
    ? `oci://${source.host}/${source.repository}${tail}`
    : `oci-layout:${source.path}${tail}`;
}

function parseRegistry(text: string, rest: string): RegistrySource {
  const slash = rest.indexOf('/');
  const host = slash < 0 ? rest : rest.slice(0, slash);
  if (host.includes('@')) {
    throw malformed(
      text,
      'holds credentials; store them with `docker login` or `podman login` instead',
    );
  }
  if (host.length > MAX_NAME || !HOST.test(host) || !hasValidPort(host)) {
    throw malformed(text, `: ${JSON.stringify(host)} is not a host; write oci://HOST[:PORT]/NAME`);
  }
  const { path, tag, digest } = splitTail(text, slash < 0 ? '' : rest.slice(slash + 1));
  if (path === '') throw malformed(text, `names no repository; write oci://${host}/NAME`);
  if (!NAME.test(path)) {
    const lower = path.toLowerCase();
    const hint = NAME.test(lower)
      ? `write it in lower case: oci://${host}/${lower}`
      : 'use lower-case letters, digits and single . _ - between them, with / between parts';
    throw malformed(text, `: ${JSON.stringify(path)} is not a repository name; ${hint}`);
  }
  if (host.length + 1 + path.length > MAX_NAME) {
    throw malformed(text, `: host and name are longer than ${MAX_NAME} characters together`);
  }
  if (isDockerHub(host) && !path.includes('/')) {
    throw malformed(text, `names no account; write oci://${host}/ACCOUNT/${path}`);
  }
  return {
    kind: 'registry',
    host,
    repository: path,
    ...(digest ? { digest } : tag ? { tag } : {}),
  };
}

function parseLayout(text: string): LayoutSource {
  const rest = text.slice('oci-layout:'.length);
  if (rest.startsWith('//')) {
    throw malformed(text, 'is not a layout; write oci-layout:PATH, without //');
  }
  // A colon may be part of a path (C:\catalog): it begins a tag only when no separator follows.
  const { path, tag, digest } = /:[^/\\]*$|@sha256:/.test(rest)
    ? splitTail(text, rest)
    : { path: rest, tag: undefined, digest: undefined };
  if (path === '') throw malformed(text, 'names no path; write oci-layout:PATH');
  const archive = /\.tar$/i.test(path);
  return { kind: 'layout', path, archive, ...(digest ? { digest } : tag ? { tag } : {}) };
}

/** Splits `NAME:TAG` or `NAME@DIGEST`; both at once (`NAME:TAG@DIGEST`) keeps the digest. */
function splitTail(
  text: string,
  rest: string,
): { path: string; tag: string | undefined; digest: Digest | undefined } {
  const at = rest.indexOf('@');
  const named = at < 0 ? rest : rest.slice(0, at);
  const digest = at < 0 ? undefined : rest.slice(at + 1);
  if (digest !== undefined && !isDigest(digest)) {
    throw malformed(
      text,
      `: ${JSON.stringify(digest)} is not a digest; write sha256: and 64 hexadecimal digits in lower case`,
    );
  }
  const colon = named.lastIndexOf(':');
  const tag = colon < 0 ? undefined : named.slice(colon + 1);
  if (tag !== undefined && !TAG.test(tag)) {
    throw malformed(
      text,
      tag === ''
        ? 'ends in an empty tag; write NAME:TAG, or NAME alone'
        : `: ${JSON.stringify(tag)} is not a tag; use up to 128 letters, digits, _ . -`,
    );
  }
  return { path: colon < 0 ? named : named.slice(0, colon), tag, digest };
}

function suggestion(text: string): string {
  const web = /^https?:\/\/(.+)$/i.exec(text);
  if (web)
    return `an OCI registry is written oci://${(web[1] ?? '').replace(/^[^/@]*@/, '')}, without http`;
  if (/^(?:docker|containers-storage|dir|docker-archive|oci-archive|oci):/.test(text)) {
    return 'only oci://HOST/NAME and oci-layout:PATH are read';
  }
  if (/^[./~]|^[a-zA-Z]:\\/.test(text)) return `for a layout on disk write oci-layout:${text}`;
  const first = text.split('/')[0] ?? '';
  if (text.includes('/') && /[.:]|^localhost$/.test(first)) return `write oci://${text}`;
  if (isRepositoryName(text.replace(/[:@].*$/, ''))) {
    return `a registry is never assumed: write oci://HOST/${text}, e.g. oci://docker.io/${text.includes('/') ? text : `ACCOUNT/${text}`}`;
  }
  return 'write oci://HOST/NAME or oci-layout:PATH';
}

/** True for the name that users write for Docker Hub. */
export function isDockerHub(host: string): boolean {
  return host === 'docker.io' || host === 'index.docker.io' || host === 'registry-1.docker.io';
}

function hasValidPort(host: string): boolean {
  const port = /:([0-9]+)$/.exec(host)?.[1];
  return port === undefined || (Number(port) >= 1 && Number(port) <= 65535);
}

function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code < 32 || code === 127) return true;
  }
  return false;
}

/** Drops `user:password@` of a URL: an error must not repeat a secret. */
function withoutUser(text: string): string {
  return text.replace(/\/\/[^/@]*@/, '//');
}

function malformed(text: string, fact: string): PortolanError {
  const safe = withoutUser(text);
  const shown = safe.length > 200 ? `${safe.slice(0, 200)}...` : safe;
  const gap = fact.startsWith(':') ? '' : ' ';
  return new PortolanError('usage', 'SOURCE_MALFORMED', `${JSON.stringify(shown)}${gap}${fact}`);
}
