import type { RunOptions } from './commands/run.ts';

/**
 * The options of `portolan run`, when the arguments are ones that a client's configuration is made
 * of; undefined for all others, faulty ones included, which commander then reads or explains.
 * Clients wait for each start, and commander takes a tenth of it.
 */
export function quickRunOptions(args: readonly string[]): RunOptions | undefined {
  const options: Record<string, unknown> = structuredClone(DEFAULTS);
  for (let index = 0; index < args.length; index += 1) {
    const [, name = '', inline] = /^--([a-z-]+)(?:=(.*))?$/s.exec(args[index] as string) ?? [];
    if (inline === undefined && FLAGS.has(name)) {
      options[name] = true;
      continue;
    }
    const take = Object.hasOwn(VALUES, name) ? VALUES[name] : undefined;
    const value = inline ?? args[++index];
    if (!take || value === undefined || (inline === undefined && value.startsWith('-'))) {
      return undefined;
    }
    const field = name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    const taken = take(value, options[field]);
    if (taken === undefined) return undefined;
    options[field] = taken;
  }
  return options as unknown as RunOptions;
}

/** What commander gives without any option; a test holds the two together. */
const DEFAULTS = {
  set: [],
  transport: 'stdio',
  host: '127.0.0.1',
  port: 8811,
  drain: 5,
  telemetry: 'off',
  metricsHost: '127.0.0.1',
  token: [],
  allowOrigin: [],
  allowHost: [],
  isolation: 'auto',
  allowPath: [],
  toolChanges: 'block',
  prefix: 'auto',
};

const FLAGS: ReadonlySet<string> = new Set(['all', 'discover', 'frozen']);

type Take = (value: string, before: unknown) => unknown;

const text: Take = (value) => value;
const list: Take = (value, before = []) => [...(before as string[]), value];
const oneOf =
  (...choices: string[]): Take =>
  (value) =>
    choices.includes(value) ? value : undefined;

const VALUES: Readonly<Record<string, Take>> = {
  catalog: text,
  key: list,
  identity: text,
  issuer: text,
  'trusted-root': text,
  profile: text,
  servers: (value) => names(value),
  set: list,
  transport: oneOf('stdio'),
  isolation: oneOf('auto', 'container', 'bubblewrap', 'none'),
  'node-image': text,
  'allow-path': list,
  'tool-changes': oneOf('block', 'warn'),
  prefix: oneOf('auto', 'always', 'never'),
  audit: text,
};

/** Names with commas between them. */
export function names(value: string): readonly string[] {
  return value
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
