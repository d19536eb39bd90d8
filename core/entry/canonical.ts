/**
 * Canonical JSON: sorted keys, no whitespace, UTF-8 (RFC 8785, the JSON Canonicalization Scheme).
 * Equal values give equal bytes, so a digest names a value and not a way of writing it.
 *
 * Throws a TypeError on what JSON cannot hold: undefined members are left out as JSON.stringify
 * does, but functions, symbols, bigints and non-finite numbers are refused.
 */
export function canonicalJson(value: unknown): string {
  const ordered = inOrder(value);
  return ordered === IMPOSSIBLE ? joined(value) : JSON.stringify(ordered);
}

/** The canonical JSON of a value as UTF-8 bytes. */
export function canonicalBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(canonicalJson(value));
}

/** Objects put keys like `10` before all others, whatever the order in which they are set. */
const IMPOSSIBLE = Symbol();
const STUBBORN_KEY = /^(?:\d+|__proto__)$/;

/**
 * The same value with its keys in order, for the JSON.stringify of the engine, which is several
 * times as fast as joining texts. What is in order already is not copied.
 */
function inOrder(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return checked(value);
  if (Array.isArray(value)) return itemsInOrder(value);
  const prototype = Object.getPrototypeOf(value);
  // Others may have a toJSON of their own, which is for JSON.stringify and not for us.
  if (prototype !== Object.prototype && prototype !== null) return IMPOSSIBLE;
  const record = value as Record<string, unknown>;
  const keys = Object.keys(record);
  let same = isSorted(keys);
  if (!same) {
    if (keys.some((key) => STUBBORN_KEY.test(key))) return IMPOSSIBLE;
    keys.sort();
  }
  const copies: unknown[] = [];
  for (const key of keys) {
    const member = record[key];
    const copy = member === undefined ? undefined : inOrder(member);
    if (copy === IMPOSSIBLE) return IMPOSSIBLE;
    same &&= copy === member;
    copies.push(copy);
  }
  if (same) return record;
  if (keys.includes('__proto__')) return IMPOSSIBLE;
  const result: Record<string, unknown> = {};
  keys.forEach((key, index) => {
    result[key] = copies[index];
  });
  return result;
}

function itemsInOrder(items: readonly unknown[]): unknown {
  let same = true;
  const copies: unknown[] = [];
  for (const item of items) {
    const copy = inOrder(item);
    if (copy === IMPOSSIBLE) return IMPOSSIBLE;
    same &&= copy === item;
    copies.push(copy);
  }
  return same ? items : copies;
}

/** Array.prototype.sort compares UTF-16 code units, which is what RFC 8785, 3.2.3 asks for. */
function isSorted(keys: readonly string[]): boolean {
  for (let index = 1; index < keys.length; index += 1) {
    if ((keys[index - 1] ?? '') > (keys[index] ?? '')) return false;
  }
  return true;
}

/** Any value, piece by piece. */
function joined(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(checked(value));
  if (Array.isArray(value)) return `[${Array.from(value, joined).join()}]`;
  const record = value as Record<string, unknown>;
  const members = Object.keys(record)
    .sort()
    .filter((key) => record[key] !== undefined)
    .map((key) => `${JSON.stringify(key)}:${joined(record[key])}`);
  return `{${members.join()}}`;
}

function checked(value: unknown): unknown {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value !== 'number') throw new TypeError(`JSON cannot hold a ${typeof value}`);
  if (!Number.isFinite(value)) throw new TypeError(`JSON cannot hold the number ${value}`);
  return value;
}
