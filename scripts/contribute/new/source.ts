import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { PortolanError } from '../../../core/errors.ts';

/** Where the facts of a new entry come from. */
export type Source =
  | { readonly kind: 'npm'; readonly spec: string }
  | { readonly kind: 'image'; readonly reference: string }
  | { readonly kind: 'remote'; readonly url: string }
  | { readonly kind: 'github'; readonly owner: string; readonly repo: string }
  | { readonly kind: 'server-json'; readonly file: string }
  | { readonly kind: 'docker'; readonly folder: string };

/**
 * Tells what a contributor means:
 * `npm:NAME` or a package name, `oci:REFERENCE` or an image reference, a https URL,
 * `github:OWNER/REPO` or its URL, a server.json file, a folder with a Docker `server.yaml`.
 */
export function parseSource(text: string): Source {
  const prefixed = /^(npm|oci|docker|github|remote):(?!\/\/)(.+)$/.exec(text);
  const [kind, rest = ''] = prefixed ? [prefixed[1], prefixed[2]] : [undefined, text];
  if (kind === 'npm') return { kind, spec: rest };
  if (kind === 'oci') return { kind: 'image', reference: rest };
  if (kind === 'remote') return { kind, url: rest };
  const github = /^(?:https:\/\/github\.com\/)?([\w.-]+)\/([\w.-]+?)(?:\.git)?\/?$/.exec(rest);
  if (github?.[1] && github[2] && (kind === 'github' || text.startsWith('https://github.com/'))) {
    return { kind: 'github', owner: github[1], repo: github[2] };
  }
  if (kind === 'docker' || existsSync(rest)) return parsePath(rest);
  if (/^https?:\/\//.test(text)) {
    if (URL.canParse(text)) return { kind: 'remote', url: text };
  } else if (/@sha256:|^[^/@]+\.[^/]+\/|^localhost[:/]/.test(text)) {
    return { kind: 'image', reference: text };
  } else if (/^(@[\w.~-]+\/)?[\w.~-]+(@[\w.+~^-]+)?$/.test(text)) {
    return { kind: 'npm', spec: text };
  }
  throw new PortolanError(
    'usage',
    'SOURCE_UNKNOWN',
    `${JSON.stringify(text)} is no source; give a package name, an image reference, a https URL, github:OWNER/REPO, a server.json file, or a folder with Docker's server.yaml`,
  );
}

function parsePath(path: string): Source {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory();
  if (isFolder && existsSync(join(path, 'server.yaml'))) return { kind: 'docker', folder: path };
  if (isFolder && existsSync(join(path, 'server.json'))) {
    return { kind: 'server-json', file: join(path, 'server.json') };
  }
  if (basename(path) === 'server.yaml') return { kind: 'docker', folder: join(path, '..') };
  if (path.endsWith('.json')) return { kind: 'server-json', file: path };
  throw new PortolanError(
    'usage',
    'SOURCE_UNKNOWN',
    `${path} holds neither a server.json nor a server.yaml of Docker's registry`,
  );
}
