/** A thing that the input says and the entry does not, with the reason. */
export interface Unmapped {
  readonly entry: string;
  /** Where it stands in the input, e.g. `config.env[2].example`. */
  readonly path: string;
  /** As JSON, shortened. */
  readonly value: string;
  readonly reason: string;
}

export type Step = string | number;

/**
 * Keeps account of an input: everything that was not taken is left over, so an importer that does
 * not know a key can't lose it without a word.
 */
export interface Facts {
  /** The value at a path; it counts as mapped from now on, with all below it. */
  take(...path: Step[]): unknown;
  /** The value at a path, still to be accounted for. */
  look(...path: Step[]): unknown;
  /** Reports a value that was taken, but not, or not fully, carried over. */
  report(path: readonly Step[], reason: string): void;
  /** What was reported, then every leaf that nobody took. */
  unmapped(entry: string): readonly Unmapped[];
}

export function factsOf(data: unknown): Facts {
  const taken = new Set<string>();
  const reports: { path: readonly Step[]; reason: string }[] = [];
  const look = (...path: Step[]) => at(data, path);
  return {
    look,
    take(...path) {
      taken.add(JSON.stringify(path));
      return look(...path);
    },
    report: (path, reason) => void reports.push({ path, reason }),
    unmapped(entry) {
      const lines = reports.map(({ path, reason }) => ({ path, reason }));
      for (const path of leaves(data, [], taken)) {
        if (reports.some((report) => isPrefix(report.path, path))) continue;
        lines.push({ path, reason: 'entries of this catalog have no place for it' });
      }
      return lines.map(({ path, reason }) => ({
        entry,
        path: write(path),
        value: shorten(JSON.stringify(look(...path)) ?? ''),
        reason,
      }));
    },
  };
}

function at(data: unknown, path: readonly Step[]): unknown {
  let value = data;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step))
      return undefined;
    value = (value as Record<Step, unknown>)[step];
  }
  return value;
}

function* leaves(value: unknown, path: readonly Step[], taken: Set<string>): Generator<Step[]> {
  if (taken.has(JSON.stringify(path))) return;
  const isBranch = typeof value === 'object' && value !== null && Object.keys(value).length > 0;
  if (!isBranch) {
    yield [...path];
  } else if (Array.isArray(value)) {
    for (const [index, member] of value.entries()) yield* leaves(member, [...path, index], taken);
  } else {
    for (const [key, member] of Object.entries(value)) yield* leaves(member, [...path, key], taken);
  }
}

function isPrefix(prefix: readonly Step[], path: readonly Step[]): boolean {
  return prefix.every((step, index) => step === path[index]);
}

function write(path: readonly Step[]): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .replace(/^\./, '');
}

function shorten(text: string): string {
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}
