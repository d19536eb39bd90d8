import { createTwoFilesPatch } from 'diff';

const HIDDEN = '********';
/** Keys below which clients keep credentials. */
const HOLDER = /^(env|envs|environment|headers|http_headers|oauth)$/i;
const SECRET =
  /token|secret|passw|credential|authorization|bearer|(api|access|private|auth)[-_]?key/i;
/** A credential in a comment or in an assignment, which no parser reports. */
const ASSIGNED = new RegExp(
  `((?:${SECRET.source})[\\w-]*["']?\\s*[:=]\\s*["']?)(?!\\*{8})[^\\s"'].*`,
  'i',
);

/**
 * A change of a file as a unified diff. The lines around the change are the user's own and may hold
 * credentials of other servers, so these are hidden: `documents` are the parsed versions, in which
 * they are found by the keys and options that hold them.
 */
export function safeDiff(
  path: string,
  before: string,
  after: string,
  documents: readonly unknown[],
): string {
  const patch = createTwoFilesPatch(path, path, before, after, undefined, undefined, {
    context: 3,
  });
  const secrets = documents.flatMap((document) => secretsIn(document));
  const lines = patch.slice(patch.indexOf('--- ')).trimEnd().split('\n');
  return lines.map((line, index) => (index < 2 ? line : hide(line, secrets))).join('\n');
}

function secretsIn(value: unknown, holds = false): string[] {
  if (typeof value === 'string') return holds && value !== '' ? [value] : [];
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => [
      ...secretsIn(item, holds || isSecretFlag(value[index - 1])),
      ...inArgument(item),
    ]);
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => [
    ...secretsIn(item, holds || HOLDER.test(key) || SECRET.test(key)),
    ...inArgument(item),
  ]);
}

function isSecretFlag(word: unknown): boolean {
  return (
    typeof word === 'string' && /^--?\w/.test(word) && SECRET.test(word) && !word.includes('=')
  );
}

/** `--api-key=VALUE`, `Authorization: VALUE`, `NAME_TOKEN=VALUE`, and what follows `?` in an address. */
function inArgument(value: unknown): string[] {
  if (typeof value !== 'string') return [];
  const [, assigned] = /^[^=:\s]*[=:]\s*(.+)$/s.exec(SECRET.test(value) ? value : '') ?? [];
  const [, query] = /^https?:\/\/[^?#]*[?#](.+)$/s.exec(value) ?? [];
  const [, login] = /^\w+:\/\/([^/@\s]+)@/.exec(value) ?? [];
  return [assigned, query, login].filter((found) => found !== undefined);
}

function hide(line: string, secrets: readonly string[]): string {
  let shown = line;
  const pieces = new Set(
    secrets.flatMap((secret) => [JSON.stringify(secret).slice(1, -1), ...secret.split('\n')]),
  );
  for (const piece of [...pieces].sort((a, b) => b.length - a.length)) {
    // A short one may be a part of something else; it counts only as a whole word.
    if (piece.trim().length >= 6) shown = shown.replaceAll(piece, HIDDEN);
    else if (piece.trim() !== '')
      shown = shown
        .split(/(?<=[\s"'])|(?=[\s"'])/)
        .map((word) => (word === piece ? HIDDEN : word))
        .join('');
  }
  return shown.replace(ASSIGNED, `$1${HIDDEN}`);
}
