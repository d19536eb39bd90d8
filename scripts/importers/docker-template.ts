import { escapeBraces, toSettingName } from './words.ts';

/** A template of Docker's catalog in our form, and what it takes for granted. */
export interface ConvertedTemplate {
  readonly text: string;
  /** Names that it refers to. */
  readonly references: readonly string[];
  /** Defaults that it gives in place, by name. */
  readonly defaults: ReadonlyMap<string, string>;
  /** References that are paths of the host. */
  readonly paths: ReadonlySet<string>;
  /** What could not be said in our form. */
  readonly lost: readonly string[];
}

/** `{{server.key|filter}}`, and the `$VAR` and `${VAR}` that some entries use instead. */
const TOKEN =
  /\{\{\s*([^{}|]+?)\s*((?:\|[^{}|]*)*)\}\}|\$\{([A-Za-z_]\w*)\}|\$([A-Z_][A-Z0-9_]*)|[{}]/g;

/**
 * Converts `{{server.param|volume|into}}` to `{param}`. The name of the server before the first dot
 * goes; further dots, which stand for nested parameters, become underscores.
 *
 * @param variables Names of secrets and parameters by the environment variable that holds them.
 */
export function convertTemplate(
  template: string,
  server: string,
  variables: ReadonlyMap<string, string>,
): ConvertedTemplate {
  const references: string[] = [];
  const defaults = new Map<string, string>();
  const paths = new Set<string>();
  const lost: string[] = [];
  const text = template.replace(TOKEN, (whole, reference, filters, braced, bare) => {
    const variable = braced ?? bare;
    if (variable !== undefined) {
      const name = variables.get(variable);
      if (name === undefined) {
        lost.push(`${whole} refers to a variable that the entry does not declare`);
        return escapeBraces(whole);
      }
      references.push(name);
      return `{${name}}`;
    }
    if (reference === undefined) return escapeBraces(whole);
    const name = referenceName(reference, server);
    references.push(name);
    for (const filter of String(filters).split('|').slice(1)) {
      const [kind, argument = ''] = filter.trim().split(/:(.*)/s);
      if (kind === 'or') defaults.set(name, argument);
      else if (kind === 'volume' || kind === 'volume-target') paths.add(name);
      else if (kind !== 'into') lost.push(`the filter ${filter} has no counterpart`);
    }
    return `{${name}}`;
  });
  return { text, references, defaults, paths, lost };
}

/** `server.a.b` is `a_b`; a reference without the server's name is taken as it is. */
export function referenceName(reference: string, server: string): string {
  const prefix = `${server.toLowerCase()}.`;
  const path = reference.toLowerCase().startsWith(prefix)
    ? reference.slice(prefix.length)
    : reference;
  return toSettingName(path);
}
