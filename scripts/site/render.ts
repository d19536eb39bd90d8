import { build } from 'astro';
import type { SiteBuild } from '../build-site.ts';

/** Runs Astro over the compiled data. */
export async function renderPages({ root, out, work, base }: SiteBuild): Promise<void> {
  process.env.ASTRO_TELEMETRY_DISABLED = '1';
  process.env.PORTOLAN_SITE_DATA = work;
  process.env.PORTOLAN_SITE_OUT = out;
  process.env.PORTOLAN_BASE = base;
  await build({ root, logLevel: 'warn' });
}
