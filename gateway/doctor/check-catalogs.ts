import { messageOf } from '../../core/errors.ts';
import { createFetch, type HttpResponse } from '../../core/oci/transport.ts';
import { counted } from '../../core/text.ts';
import { sourcesInUse } from '../catalog/default-source.ts';
import { openSource } from '../catalog/manage-sources.ts';
import type { CatalogSource } from '../catalog/sources.ts';
import type { Paths } from '../paths.ts';
import { type Check, faultOf } from './check.ts';

/** The catalogs that commands read: those that were added, else the one that ships. */
export async function checkCatalogs(
  paths: Paths,
  log: (line: string) => void,
): Promise<readonly Check[]> {
  const sources = await sourcesInUse(paths.config);
  if (sources.length === 0) {
    return [
      {
        name: 'Catalogs',
        ok: true,
        text: 'none yet',
        remedy: 'add one with `portolan catalog add SOURCE --key FILE`',
      },
    ];
  }
  return Promise.all(sources.map((source) => checkCatalog(source, paths, log)));
}

/** The registries of the catalogs: whether they answer, and what time they think it is. */
export async function checkNetwork(paths: Paths): Promise<readonly Check[]> {
  const hosts = new Set(
    (await sourcesInUse(paths.config)).flatMap(({ source }) =>
      source.startsWith('oci://') ? (new URL(source.replace(/^oci/, 'https')).host ?? []) : [],
    ),
  );
  if (hosts.size === 0) {
    return [
      { name: 'Network', ok: true, text: 'no catalog lies on a registry, so that none is asked' },
      { name: 'Clock', ok: true, text: `it says ${new Date().toISOString()}; nobody was asked` },
    ];
  }
  return (await Promise.all([...hosts].map(checkHost))).flat();
}

/** Freshness statements are compared with the clock, which may be this wrong. */
const MOST_DRIFT_MS = 5 * 60_000;

async function checkHost(host: string): Promise<readonly Check[]> {
  const name = `Network ${host}`;
  let date: string | null = null;
  try {
    const response = await ask(host);
    await response.body?.cancel();
    date = response.headers.get('date');
  } catch (error) {
    const proxy = process.env.HTTPS_PROXY ?? process.env.https_proxy;
    return [
      {
        name,
        ok: false,
        text: `it does not answer: ${messageOf(error)}`,
        remedy:
          proxy && process.env.NODE_USE_ENV_PROXY !== '1'
            ? 'a proxy is set in HTTPS_PROXY, which Node.js uses with NODE_USE_ENV_PROXY=1 only'
            : 'check name resolution, firewall and proxy; what was fetched before goes on working for some days',
      },
    ];
  }
  const drift = date ? Date.parse(date) - Date.now() : Number.NaN;
  const clock: Check = Number.isNaN(drift)
    ? { name: 'Clock', ok: true, text: `${host} does not say what time it is` }
    : Math.abs(drift) < MOST_DRIFT_MS
      ? {
          name: 'Clock',
          ok: true,
          text: `within ${Math.ceil(Math.abs(drift) / 1000)} s of ${host}`,
        }
      : {
          name: 'Clock',
          ok: false,
          text: `it is ${Math.round(Math.abs(drift) / 60_000)} minutes ${drift > 0 ? 'behind' : 'ahead of'} ${host}, so that statements of freshness and tokens are misjudged`,
          remedy: CLOCK_REMEDY[process.platform] ?? 'set the clock of this machine',
        };
  return [{ name, ok: true, text: 'it answers' }, clock];
}

const CLOCK_REMEDY: Partial<Record<NodeJS.Platform, string>> = {
  linux: 'timedatectl set-ntp true',
  darwin: 'sudo sntp -sS time.apple.com',
  win32: 'w32tm /resync',
};

/** Any answer will do, also one that wants a token; a registry on this machine may be plain HTTP. */
async function ask(host: string): Promise<HttpResponse> {
  const fetch = createFetch({ connectMs: 5_000, idleMs: 5_000 });
  const local = /^(localhost|127\.|\[::1\])/.test(host);
  return fetch(`${local ? 'http' : 'https'}://${host}/v2/`, {
    method: 'GET',
    headers: {},
    redirect: 'manual',
  });
}

async function checkCatalog(
  source: CatalogSource,
  paths: Paths,
  log: (line: string) => void,
): Promise<Check> {
  const name = `Catalog ${source.name}`;
  try {
    const opened = await openSource(source, paths, log, { look: true });
    const { number, servers } = opened.catalog;
    const facts = `number ${number} with ${counted(servers.length, 'server')}, verified`;
    if (!opened.offline) return { name, ok: true, text: facts };
    return {
      name,
      ok: false,
      text: `${facts} from ${opened.packaged ? 'the package' : 'the cache'}: ${source.source} does not answer`,
      remedy: opened.lookOnly
        ? 'check the network; until then it can be searched, and nothing is run or added from it'
        : 'check the network; servers of it go on working for some days',
    };
  } catch (error) {
    return faultOf(
      name,
      error,
      `\`portolan catalog status ${source.name}\`, or \`portolan catalog rm ${source.name}\``,
    );
  }
}
