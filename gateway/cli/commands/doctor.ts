import { PortolanError } from '../../../core/errors.ts';
import { detectIsolation } from '../../../core/isolation/index.ts';
import { openCatalog } from '../../catalog/open-catalog.ts';
import { policyOf, readSources } from '../../catalog/sources.ts';
import { portolanPaths } from '../../paths.ts';
import { note, print } from '../print.ts';
import { version } from '../version.ts';

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly text: string;
}

/** Checks what the gateway needs, and says for each fault what to do. Exit code 1 when one is there. */
export async function doctor({ json }: { json?: true }): Promise<void> {
  const checks: Check[] = [
    {
      name: 'Portolan',
      ok: true,
      text: `${version} on Node.js ${process.version}, ${process.platform} ${process.arch}`,
    },
    ...(await isolationChecks()),
    ...(await catalogChecks()),
  ];
  print(json, checks, () =>
    checks.map(({ name, ok, text }) => `${ok ? 'ok   ' : 'FAULT'}  ${name}: ${text}`).join('\n'),
  );
  if (checks.some(({ ok }) => !ok)) process.exitCode = 1;
}

async function isolationChecks(): Promise<Check[]> {
  const { engines, bubblewrap, findings } = await detectIsolation();
  const usable = engines.length > 0 || bubblewrap !== undefined;
  return [
    {
      name: 'Isolation',
      ok: usable,
      text: usable
        ? 'servers can be kept in a box'
        : 'no server can run: install podman, docker or (for npm servers) bubblewrap',
    },
    // One way is enough, so a missing one is no fault.
    ...findings.map(({ name, text }) => ({ name: `  ${name}`, ok: true, text })),
  ];
}

async function catalogChecks(): Promise<Check[]> {
  const paths = portolanPaths();
  const sources = await readSources(paths.config);
  if (sources.length === 0) {
    return [
      {
        name: 'Catalogs',
        ok: true,
        text: 'none yet; add one with `portolan catalog add SOURCE --key FILE`',
      },
    ];
  }
  return Promise.all(
    sources.map(async (source): Promise<Check> => {
      const name = `Catalog ${source.name}`;
      try {
        const opened = await openCatalog(source.source, await policyOf(source), {
          stateDir: paths.state,
          cacheDir: paths.cache,
          log: note,
        });
        const { number, servers } = opened.catalog;
        return {
          name,
          ok: !opened.offline,
          text: `number ${number} with ${servers.length} servers, verified${opened.offline ? ' from the cache: its source does not answer' : ''}`,
        };
      } catch (error) {
        if (!(error instanceof PortolanError)) throw error;
        return { name, ok: false, text: error.message };
      }
    }),
  );
}
