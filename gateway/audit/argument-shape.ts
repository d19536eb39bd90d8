/** Names longer than this may be data, or a secret in the wrong place. */
const LONGEST_NAME = 32;
const MOST_FIELDS = 40;
const DEEPEST = 4;

/**
 * What arguments look like, without what they say: `{"path":"text 12","limit":"number"}`. Enough to
 * see which inputs were used and how large they were.
 */
export function shapeOf(value: unknown, depth = 0): unknown {
  if (value === null) return 'null';
  switch (typeof value) {
    case 'string':
      return `text ${value.length}`;
    case 'number':
    case 'boolean':
      return typeof value;
    case 'object':
      break;
    default:
      return 'none';
  }
  if (Array.isArray(value)) {
    if (depth >= DEEPEST || value.length === 0) return `list ${value.length}`;
    return [`list ${value.length}`, shapeOf(value[0], depth + 1)];
  }
  const fields = Object.entries(value as object);
  if (depth >= DEEPEST) return `object ${fields.length}`;
  return Object.fromEntries(
    fields
      .slice(0, MOST_FIELDS)
      .map(([name, item], index) => [
        /^[A-Za-z_$][\w$.-]*$/.test(name) && name.length <= LONGEST_NAME
          ? name
          : `field ${index + 1}`,
        shapeOf(item, depth + 1),
      ]),
  );
}
