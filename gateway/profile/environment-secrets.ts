import type { ServerEntry } from '../../core/entry/types.generated.ts';

/**
 * Secrets of a server from the environment: PORTOLAN_SECRET_<SERVER>_<NAME>, in capitals, with
 * underscores for hyphens. Only names that the entry declares are looked up.
 */
export function environmentSecrets(
  entry: ServerEntry,
  env: NodeJS.ProcessEnv = process.env,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    (entry.secrets ?? []).flatMap(({ name }) => {
      const value = env[variableOf(entry.name, name)];
      return value ? [[name, value]] : [];
    }),
  );
}

/** Name of the variable that holds a secret. */
export function variableOf(server: string, secret: string): string {
  return `PORTOLAN_SECRET_${`${server}_${secret}`.toUpperCase().replaceAll('-', '_')}`;
}
