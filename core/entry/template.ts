import { PortolanError } from '../errors.ts';

/** A template split into its literal text and its references. `{{` and `}}` are literal braces. */
export type TemplatePart =
  | { readonly literal: string }
  | { readonly reference: string; readonly offset: number };

const TOKEN = /\{\{|\}\}|\{([a-zA-Z][a-zA-Z0-9_]*)\}|[{}]/g;

/**
 * Splits a template such as `--root={directory}` into parts.
 * Throws `malformed` / `TEMPLATE_SYNTAX` on a brace that is neither doubled nor part of a reference.
 */
export function parseTemplate(template: string): readonly TemplatePart[] {
  const parts: TemplatePart[] = [];
  let literal = '';
  let end = 0;
  for (const match of template.matchAll(TOKEN)) {
    literal += template.slice(end, match.index);
    end = match.index + match[0].length;
    if (match[0] === '{{' || match[0] === '}}') {
      literal += match[0][0];
    } else if (match[1] !== undefined) {
      if (literal) parts.push({ literal });
      literal = '';
      parts.push({ reference: match[1], offset: match.index });
    } else {
      throw new PortolanError(
        'malformed',
        'TEMPLATE_SYNTAX',
        `template ${JSON.stringify(template)} has a lone "${match[0]}" at character ${match.index + 1}; write {name} for a reference or ${match[0]}${match[0]} for the character itself`,
      );
    }
  }
  literal += template.slice(end);
  if (literal) parts.push({ literal });
  return parts;
}

/** Names that a template refers to, in order, with repeats. */
export function referencesOf(template: string): string[] {
  return parseTemplate(template).flatMap((part) => ('reference' in part ? [part.reference] : []));
}

/** A value that a reference stands for. `undefined` means: not set. */
export type TemplateValue = string | number | boolean | readonly string[] | undefined;

/**
 * Fills a template with single values; lists are joined with commas.
 * Returns undefined when it refers to something that is not set.
 */
export function fillTemplate(
  template: string,
  lookUp: (name: string) => TemplateValue,
): string | undefined {
  let text = '';
  for (const part of parseTemplate(template)) {
    if ('literal' in part) {
      text += part.literal;
      continue;
    }
    const value = lookUp(part.reference);
    if (value === undefined) return undefined;
    text += Array.isArray(value) ? value.join(',') : String(value);
  }
  return text;
}
