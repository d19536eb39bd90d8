import { type CatalogSource, readSources } from './sources.ts';

declare const PORTOLAN_DEFAULT_CATALOG: CatalogSource | undefined;

/**
 * The catalog that is used when none was added: the one that this build comes from, with the signers
 * that its registry/catalog.yaml names. PORTOLAN_DEFAULT_CATALOG=none in the environment turns it off.
 */
export function defaultSource(env: NodeJS.ProcessEnv = process.env): CatalogSource | undefined {
  if (env.PORTOLAN_DEFAULT_CATALOG === 'none') return undefined;
  return typeof PORTOLAN_DEFAULT_CATALOG === 'object' ? PORTOLAN_DEFAULT_CATALOG : undefined;
}

/** The catalogs that commands read: those that were added, else the default one. */
export async function sourcesInUse(configDir: string): Promise<readonly CatalogSource[]> {
  const added = await readSources(configDir);
  const shipped = defaultSource();
  return added.length > 0 || !shipped ? added : [shipped];
}
