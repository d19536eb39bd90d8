/** A place inside parsed data: keys and list positions from the top, e.g. `['npm', 'version']`. */
export type DataPath = readonly (string | number)[];

/** One fault in the registry, with its place and what to do about it. */
export interface Finding {
  /** Name of the rule that found it. */
  readonly rule: string;
  /** Path relative to the repository, with forward slashes. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 code units, as editors and GitHub count. */
  readonly column: number;
  /** `npm.version`, `tools[3].description`; empty when the fault is about the whole file. */
  readonly field: string;
  /** What is wrong, without a full stop. */
  readonly fact: string;
  /** What to do, without a full stop. */
  readonly remedy: string;
}

/** A data path as people write it: `parameters.properties.port`, `args[0][1]`, `env["A B"]`. */
export function fieldOf(path: DataPath): string {
  return path
    .map((step, index) => {
      if (typeof step === 'number') return `[${step}]`;
      if (!/^[A-Za-z_$][A-Za-z0-9_$-]*$/.test(step)) return `[${JSON.stringify(step)}]`;
      return index === 0 ? step : `.${step}`;
    })
    .join('');
}

/** Order of findings in every output: by file, then by place. */
export function compareFindings(a: Finding, b: Finding): number {
  return (
    compareText(a.file, b.file) ||
    a.line - b.line ||
    a.column - b.column ||
    compareText(a.rule, b.rule) ||
    compareText(a.fact, b.fact)
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
