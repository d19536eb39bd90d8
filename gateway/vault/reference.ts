import { PortolanError } from '../../core/errors.ts';
import { runTool, withoutLastNewline } from './run-tool.ts';

/** A program that turns references such as `op://vault/item/field` into values. */
export interface ReferenceProvider {
  readonly command: string;
  /**
   * Arguments; `{reference}` is the whole reference, `{path}` what follows `scheme:` or
   * `scheme://` up to `#`, `{field}` what follows `#`.
   */
  readonly args: readonly string[];
  /** Seconds; 60 when absent, time enough to confirm with a finger. */
  readonly timeout?: number;
}

/** Providers by the scheme of their references. */
export type ReferenceProviders = Readonly<Record<string, ReferenceProvider>>;

/** Providers that need no configuration; the user's own ones win over them. */
export const KNOWN_PROVIDERS: ReferenceProviders = {
  op: { command: 'op', args: ['read', '--no-newline', '{reference}'] },
  vault: { command: 'vault', args: ['kv', 'get', '-field={field}', '{path}'] },
  pass: { command: 'pass', args: ['show', '{path}'] },
  bw: { command: 'bw', args: ['get', 'password', '{path}'] },
};

/** The provider of a reference. Throws `usage` / `REFERENCE_INVALID`. */
export function providerOf(reference: string, providers: ReferenceProviders): ReferenceProvider {
  const scheme = /^([a-z][a-z0-9+.-]*):/.exec(reference)?.[1];
  const provider =
    scheme !== undefined && Object.hasOwn(providers, scheme) ? providers[scheme] : undefined;
  if (!provider) {
    throw invalid(
      reference,
      `has no known scheme; known are ${Object.keys(providers).sort().join(', ')}`,
    );
  }
  fillArguments(reference, provider);
  return provider;
}

/**
 * The value behind a reference. Throws `failed` / `REFERENCE_FAILED` with the command and its exit
 * code; what the command printed is left out, since it could be the secret.
 */
export async function resolveReference(
  reference: string,
  providers: ReferenceProviders,
  environment: NodeJS.ProcessEnv,
): Promise<string> {
  const provider = providerOf(reference, providers);
  const result = await runTool({
    command: provider.command,
    args: fillArguments(reference, provider),
    timeout: (provider.timeout ?? 60) * 1000,
    environment,
  });
  const value = withoutLastNewline(result.stdout);
  if (result.exitCode === 0 && value) return value;
  const fact = result.exitCode === 0 ? 'printed nothing' : `ended with code ${result.exitCode}`;
  throw new PortolanError(
    'failed',
    'REFERENCE_FAILED',
    `${provider.command} ${fact} for ${reference}; sign in to it, or run it by hand to see why`,
  );
}

function fillArguments(reference: string, { args }: ReferenceProvider): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (/[\x00-\x1f\x7f]/.test(reference)) throw invalid(reference, 'holds a control character');
  const rest = reference.slice(reference.indexOf(':') + 1).replace(/^\/\//, '');
  const hash = rest.lastIndexOf('#');
  const path = hash < 0 ? rest : rest.slice(0, hash);
  const field = hash < 0 ? '' : rest.slice(hash + 1);
  // A path such as `-x` would be read as an option of the program.
  if (!path || path.startsWith('-') || field.startsWith('-')) {
    throw invalid(reference, 'has no path, or one that begins with "-"');
  }
  if (!field && args.some((arg) => arg.includes('{field}'))) {
    throw invalid(reference, 'names no field; write it after a #, as in scheme:path#field');
  }
  const values: Record<string, string> = { reference, path, field };
  return args.map((arg) =>
    arg.replace(/\{(reference|path|field)\}/g, (_, key) => values[key] ?? ''),
  );
}

function invalid(reference: string, fact: string): PortolanError {
  // The text may be a secret that was pasted where a reference belongs: only its scheme is shown.
  const shown = /^[a-z][a-z0-9+.-]{0,20}:/.exec(reference)?.[0] ?? '';
  return new PortolanError(
    'usage',
    'REFERENCE_INVALID',
    `the reference ${shown ? `${shown}...` : ''} ${fact}`.replace('  ', ' '),
  );
}
