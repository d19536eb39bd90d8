/** The package has no types of its own; this is the part of it that the license rule uses. */
declare module 'spdx-expression-parse' {
  interface License {
    license: string;
    plus?: true;
    exception?: string;
  }
  interface Conjunction {
    left: License | Conjunction;
    conjunction: 'and' | 'or';
    right: License | Conjunction;
  }
  export default function parse(expression: string): License | Conjunction;
}
