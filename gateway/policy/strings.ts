/**
 * Calls `visit` for each text in a JSON value, names of fields included, and puts what it returns in
 * its place. A loop instead of recursion: strangers nest values as deep as they like.
 */
export function replaceStrings<T>(value: T, visit: (text: string) => string): T {
  if (typeof value === 'string') return visit(value) as T;
  const open: unknown[] = [value];
  while (open.length > 0) {
    const target = open.pop();
    if (typeof target !== 'object' || target === null) continue;
    if (Array.isArray(target)) {
      for (let index = 0; index < target.length; index += 1) {
        const item: unknown = target[index];
        if (typeof item === 'string') target[index] = visit(item);
        else open.push(item);
      }
    } else replaceFields(target as Record<string, unknown>, visit, open);
  }
  return value;
}

function replaceFields(
  target: Record<string, unknown>,
  visit: (text: string) => string,
  open: unknown[],
): void {
  for (const key of Object.keys(target)) {
    const item = target[key];
    if (typeof item === 'string') {
      const next = visit(item);
      if (next !== item) target[key] = next;
    } else open.push(item);
    // Threat: a value that is hidden in the name of a field.
    const shown = visit(key);
    if (shown === key) continue;
    target[shown] = target[key];
    delete target[key];
  }
}
