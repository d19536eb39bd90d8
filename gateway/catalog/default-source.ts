import type { CatalogSource } from './sources.ts';

declare const PORTOLAN_DEFAULT_CATALOG: CatalogSource | undefined;

/**
 * The catalog that is used when none was added: the one that this build comes from, with the signers
 * that its registry/catalog.yaml names. PORTOLAN_DEFAULT_CATALOG=none in the environment turns it off.
 */
export function defaultSource(env: NodeJS.ProcessEnv = process.env): CatalogSource | undefined {
  if (env.PORTOLAN_DEFAULT_CATALOG === 'none') return undefined;
  return typeof PORTOLAN_DEFAULT_CATALOG === 'object' ? PORTOLAN_DEFAULT_CATALOG : undefined;
}
