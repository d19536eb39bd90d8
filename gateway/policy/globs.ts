import type { Globs } from '../../core/entry/types.generated.ts';

const compiled = new Map<string, RegExp>();

/** Whether a text fits a pattern, in which `*` stands for any text, also none. */
export function fits(pattern: string, text: string): boolean {
  if (!pattern.includes('*')) return pattern === text;
  let expression = compiled.get(pattern);
  if (!expression) {
    const parts = pattern.split(/\*+/).map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
    expression = new RegExp(`^${parts.join('[\\s\\S]*')}$`);
    compiled.set(pattern, expression);
  }
  return expression.test(text);
}

/** The first pattern that a text fits. */
export function fitting(patterns: readonly string[], text: string): string | undefined {
  return patterns.find((pattern) => fits(pattern, text));
}

/**
 * The rule of an allow and deny list that refuses a text: `deny "x-*"`, or `allow` when there is
 * such a list and nothing in it fits.
 */
export function refusingRule(globs: Globs | undefined, text: string): string | undefined {
  const denied = fitting(globs?.deny ?? [], text);
  if (denied !== undefined) return `deny "${denied}"`;
  return globs?.allow && fitting(globs.allow, text) === undefined ? 'allow' : undefined;
}
