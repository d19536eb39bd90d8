/**
 * `npm run check:arrows`: checks that the folders import each other only in the directions of the
 * design. Prints `file:line: fact; remedy` and exits with 1 when one does not.
 */
import { globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

/** What each folder may import of ours, itself included. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  core: ['core', 'schemas'],
  scripts: ['scripts', 'core', 'schemas'],
  site: ['site', 'core', 'schemas', 'scripts/registry', 'scripts/site'],
  gateway: ['gateway', 'core', 'schemas'],
};

/** Static and dynamic imports, re-exports, `import x = require()`, `require()`, `new URL(x, import.meta.url)`. */
const SPECIFIER =
  /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\s*\(\s*|\bnew\s+URL\s*\(\s*)(["'`])((?:\.{1,2}\/)[^"'`]*)\1/g;

/** Imports in a text that its folder must not have, as lines to print. */
export function forbiddenImports(root: string, file: string, text: string): string[] {
  const path = toPosix(relative(root, file));
  const [folder = ''] = path.split('/');
  const allowed = ALLOWED[folder];
  if (!allowed) return [];
  return [...withoutComments(text).matchAll(SPECIFIER)].flatMap((match) => {
    const target = toPosix(relative(root, resolve(dirname(file), match[2] ?? '')));
    const isOurs = Object.keys(ALLOWED).some((known) => isWithin(target, known));
    if (!isOurs || allowed.some((known) => isWithin(target, known))) return [];
    const line = text.slice(0, match.index).split('\n').length;
    return `${path}:${line}: ${folder} imports ${target}; it may import ${allowed.join(', ')}, so move what is shared to core`;
  });
}

/** Comments as blanks: they may name other folders, and lines keep their numbers. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|(^|\s)\/\/[^\n]*/g, (comment) =>
    comment.replace(/[^\n]/g, ' '),
  );
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

function toPosix(path: string): string {
  return path.split(sep).join('/');
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..');
  const pattern = `{${Object.keys(ALLOWED).join(',')}}/**/*.{ts,mts,tsx,js,mjs,astro}`;
  const files = globSync(pattern, { cwd: root, exclude: ['**/node_modules/**'] }).filter((file) =>
    statSync(join(root, file)).isFile(),
  );
  const lines = files.flatMap((file) =>
    forbiddenImports(root, join(root, file), readFileSync(join(root, file), 'utf8')),
  );
  for (const line of lines) console.log(line);
  console.error(
    `${files.length} files checked: ${lines.length === 0 ? 'every import keeps its direction' : `${lines.length} forbidden imports`}`,
  );
  if (lines.length > 0) process.exitCode = 1;
}
