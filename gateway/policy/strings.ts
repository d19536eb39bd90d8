/** Calls `visit` for each text in a JSON value and puts what it returns in its place. */
export function replaceStrings<T>(value: T, visit: (text: string) => string): T {
  if (typeof value === 'string') return visit(value) as T;
  if (typeof value !== 'object' || value === null) return value;
  const target = value as Record<string, unknown>;
  for (const key of Object.keys(target)) {
    const item = target[key];
    if (typeof item === 'string') {
      const next = visit(item);
      if (next !== item) target[key] = next;
    } else if (typeof item === 'object' && item !== null) replaceStrings(item, visit);
    const shown = visit(key);
    // Threat: a value that is hidden in the name of a field.
    if (shown !== key && !Array.isArray(value)) {
      target[shown] = target[key];
      delete target[key];
    }
  }
  return value;
}
