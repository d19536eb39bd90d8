import { PortolanError } from '../errors.ts';

/** The package.json of the tree that an npm entry runs from. */
export interface TreePackageJson {
  readonly name: string;
  readonly version: string;
  readonly private: true;
  readonly dependencies: Readonly<Record<string, string>>;
}

/**
 * The package.json that belongs to the package-lock.json of an npm entry. The lockfile is made from
 * it and installed with it, so both sides use this one function: `npm ci` refuses a lockfile that
 * was made for another package.json.
 */
export function packageJsonOf(entry: {
  readonly name: string;
  readonly npm?: { readonly package: string; readonly version: string };
}): TreePackageJson {
  if (!entry.npm) {
    throw new PortolanError(
      'usage',
      'NOT_AN_NPM_ENTRY',
      `${entry.name} is not an npm entry, so it has no package.json; only entries with \`npm\` have one`,
    );
  }
  return {
    name: `portolan-${entry.name}`,
    version: '0.0.0',
    private: true,
    dependencies: { [entry.npm.package]: entry.npm.version },
  };
}
