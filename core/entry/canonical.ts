/**
 * Canonical JSON: sorted keys, no whitespace, UTF-8 (RFC 8785, the JSON Canonicalization Scheme).
 * Equal values give equal bytes, so a digest names a value and not a way of writing it.
 *
 * Throws a TypeError on what JSON cannot hold: undefined members are left out as JSON.stringify
 * does, but functions, symbols, bigints and non-finite numbers are refused.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') {
    return JSON.stringify(value);
  }
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`JSON cannot hold the number ${value}`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) {
    let items = '';
    for (const item of value)
      items += items === '' ? canonicalJson(item) : `,${canonicalJson(item)}`;
    return `[${items}]`;
  }
  if (typeof value === 'object') {
    const record = value as Record<string, unknown>;
    // Array.prototype.sort compares UTF-16 code units, which is what RFC 8785, 3.2.3 asks for.
    const keys = Object.keys(record).sort();
    let members = '';
    for (const key of keys) {
      const member = record[key];
      if (member === undefined) continue;
      members += `${members === '' ? '' : ','}${JSON.stringify(key)}:${canonicalJson(member)}`;
    }
    return `{${members}}`;
  }
  throw new TypeError(`JSON cannot hold a ${typeof value}`);
}

/** The canonical JSON of a value as UTF-8 bytes. */
export function canonicalBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(canonicalJson(value));
}
