import { PortolanError } from '../../core/errors.ts';
import { npm } from './npm-cli.ts';

/** What the npm registry says of one version of a package. */
export interface NpmFacts {
  readonly name: string;
  readonly version: string;
  readonly integrity: string;
  readonly description?: string;
  readonly license?: string;
  readonly homepage?: string;
  readonly repository?: { readonly url?: string; readonly directory?: string };
  readonly author?: string;
  readonly keywords: readonly string[];
  /** Executables by name. */
  readonly bin: Readonly<Record<string, string>>;
  readonly gitHead?: string;
  readonly deprecated?: string;
}

const FIELDS = [
  ...['name', 'version', 'dist.integrity', 'description', 'license', 'homepage', 'repository'],
  ...['author', 'keywords', 'bin', 'gitHead', 'deprecated'],
];

const PACKAGE = /^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*(@[0-9A-Za-z.+~^*-]+)?$/;

/**
 * Facts of `package` (its dist-tag latest), `package@version` or `package@tag`.
 * Throws `usage` on what is no package name, `unreachable` when npm has no answer.
 */
export async function npmFacts(spec: string): Promise<NpmFacts> {
  if (!PACKAGE.test(spec)) {
    throw new PortolanError(
      'usage',
      'PACKAGE_MALFORMED',
      `${JSON.stringify(spec)} is not a package name; write NAME, @SCOPE/NAME or either with @VERSION`,
    );
  }
  const text = await npm(['view', '--json', '--', spec, ...FIELDS]);
  const value: unknown = text.trim() === '' ? undefined : JSON.parse(text);
  // A range matches several versions, oldest first.
  const found = (Array.isArray(value) ? value.at(-1) : value) as
    | Record<string, unknown>
    | undefined;
  const integrity = found?.['dist.integrity'];
  if (!found || typeof integrity !== 'string') {
    throw new PortolanError(
      'unreachable',
      'PACKAGE_NOT_FOUND',
      `the npm registry has no ${spec} with a sha512 integrity; \`npm view ${spec}\` shows what it has`,
    );
  }
  return {
    name: String(found.name),
    version: String(found.version),
    integrity,
    keywords: Array.isArray(found.keywords) ? found.keywords.map(String) : [],
    bin: binOf(found),
    ...texts(found, ['description', 'license', 'homepage', 'gitHead', 'deprecated']),
    ...(isRecord(found.repository) ? { repository: found.repository } : {}),
    ...(isRecord(found.author) ? { author: String(found.author.name) } : {}),
    ...(typeof found.author === 'string' ? { author: found.author.replace(/\s*[<(].*/, '') } : {}),
  };
}

/**
 * Which executable is the server, as `npm.bin` says it: undefined when there is only one.
 * Throws `malformed` when the package has none, which means that it is a library.
 */
export function serverBin({ name, bin }: Pick<NpmFacts, 'name' | 'bin'>): string | undefined {
  const names = Object.keys(bin);
  if (names.length === 0) {
    throw new PortolanError(
      'malformed',
      'PACKAGE_WITHOUT_BIN',
      `${name} has no executable, so it is a library; a server's package has a \`bin\``,
    );
  }
  if (names.length === 1) return undefined;
  const own = name.replace(/^@[^/]+\//, '');
  return names.find((bin) => bin === own) ?? names.find((bin) => /mcp/i.test(bin)) ?? names[0];
}

function binOf({ bin, name }: Record<string, unknown>): Record<string, string> {
  if (typeof bin === 'string') return { [String(name).replace(/^@[^/]+\//, '')]: bin };
  return isRecord(bin) ? (bin as Record<string, string>) : {};
}

function texts(found: Record<string, unknown>, keys: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    keys.flatMap((key) => {
      const value = found[key];
      return typeof value === 'string' && value ? [[key, value]] : [];
    }),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
