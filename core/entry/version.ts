/**
 * Order of two versions by semantic versioning (semver.org, section 11): negative when `a` comes
 * first. Both must have the form that the schema asks for.
 */
export function compareVersions(a: string, b: string): number {
  const [coreA = '', preA] = splitOnce(a, '-');
  const [coreB = '', preB] = splitOnce(b, '-');
  const core = compareParts(coreA.split('.'), coreB.split('.'));
  if (core !== 0) return core;
  // A version without a pre-release part comes after all its pre-releases.
  if (preA === undefined || preB === undefined) {
    return (preA === undefined ? 1 : 0) - (preB === undefined ? 1 : 0);
  }
  return compareParts(preA.split('.'), preB.split('.'));
}

function splitOnce(text: string, separator: string): readonly (string | undefined)[] {
  const index = text.indexOf(separator);
  return index < 0 ? [text, undefined] : [text.slice(0, index), text.slice(index + 1)];
}

function compareParts(a: readonly string[], b: readonly string[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const [left, right] = [a[index], b[index]];
    if (left === undefined) return -1;
    if (right === undefined) return 1;
    if (left === right) continue;
    const [leftNumber, rightNumber] = [isNumber(left), isNumber(right)];
    if (leftNumber !== rightNumber) return leftNumber ? -1 : 1;
    if (!leftNumber) return left < right ? -1 : 1;
    // BigInt: a number of 64 digits is valid and must not be rounded.
    return BigInt(left) < BigInt(right) ? -1 : 1;
  }
  return 0;
}

function isNumber(text: string): boolean {
  return /^[0-9]+$/.test(text);
}
