import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { serverPageAddress } from '../../core/registry-api/page-address.ts';
import {
  CORS_HEADERS,
  listResponse,
  type RegistryRecord,
  registryRecord,
} from '../../core/registry-api/registry-api.ts';
import { serverJsonOf } from '../../core/registry-api/server-json.ts';
import {
  type DockerSource,
  describeLeftOut,
  dockerCatalogOf,
  dockerCatalogYaml,
} from '../publisher/docker-catalog.ts';
import type { Publication, PublishedVersion } from '../site/publication.ts';

/** Above this many servers, static hosts' limits on files leave no room for files per server. */
const MAX_SERVERS_WITH_FILES = 1500;

/** The largest file that Cloudflare Pages takes: 25 MiB. */
const LARGEST_FILE = 25 * 2 ** 20;

/** What was written. */
export interface ApiFiles {
  readonly servers: number;
  readonly files: number;
  /** False when the catalog is too large for files per server; `serve-registry` has them. */
  readonly perServer: boolean;
  /** Which servers Docker's catalog lacks, and why; undefined when it has all. */
  readonly docker: string | undefined;
  /** Files above the largest size. */
  readonly tooLarge: readonly { readonly path: string; readonly bytes: number }[];
}

export interface ApiOptions {
  /**
   * Writes each index.json as index.html too, for hosts that serve only that for a folder, such as
   * GitHub Pages. Most clients of the API parse what they get whatever its type says.
   */
  readonly indexHtml?: boolean;
  /** Bytes above which a file is named as too large (25 MiB). */
  readonly largestFile?: number;
}

/**
 * Writes a publication's APIs as static files below `folder`: the MCP Registry API v0.1 and its
 * alias v0, ToolHive's registry.json, Docker's docker-mcp-catalog.yaml, catalog.json, and the files
 * that give static hosts the right headers.
 */
export async function writeApi(
  publication: Publication,
  folder: string,
  { indexHtml = false, largestFile = LARGEST_FILE }: ApiOptions = {},
): Promise<ApiFiles> {
  const { catalog } = publication;
  const perServer = catalog.servers.length <= MAX_SERVERS_WITH_FILES;
  await Promise.all(
    ['v0.1', 'v0'].map((version) => rm(join(folder, version), { recursive: true, force: true })),
  );
  let files = 0;
  const tooLarge: { path: string; bytes: number }[] = [];
  const write = async (path: string, value: unknown) => {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    const text = typeof value === 'string' ? value : jsonOf(value);
    const bytes = Buffer.from(text);
    if (bytes.byteLength > largestFile) tooLarge.push({ path, bytes: bytes.byteLength });
    await writeFile(file, bytes);
    files += 1;
    if (!indexHtml || !path.endsWith('/index.json')) return;
    await writeFile(file.replace(/json$/, 'html'), bytes);
    files += 1;
  };

  const latest: RegistryRecord[] = [];
  const newestOf: DockerSource[] = [];
  for (const server of catalog.servers) {
    const records: RegistryRecord[] = [];
    for (const [index, listed] of server.versions.entries()) {
      const version = publication.readVersion(server, listed);
      if (index === 0) newestOf.push(version);
      records.push(
        registryRecord(
          recordOf(publication, version, listed.digest),
          version.entry,
          listed,
          index === 0,
        ),
      );
    }
    const [newest] = records;
    // A client that looks at no status would offer a tombstone; its own files tell what became of it.
    if (newest && server.versions[0]?.status !== 'withdrawn') latest.push(newest);
    if (perServer) {
      for (const version of ['v0.1', 'v0']) {
        const base = `${version}/servers/${catalog.namespace}/${server.name}/versions`;
        await write(`${base}/index.json`, listResponse(records));
        await write(`${base}/latest/index.json`, newest);
        for (const record of records) {
          await write(`${base}/${record.server.version}/index.json`, record);
        }
      }
    }
  }
  for (const version of ['v0.1', 'v0']) {
    await write(`${version}/servers/index.json`, listResponse(latest));
  }
  await write('registry.json', toolHiveRegistry(publication, latest));
  await write('catalog.json', catalog);
  const docker = dockerCatalogOf(newestOf);
  const dockerName = catalog.namespace.replaceAll('.', '-');
  await write(
    'docker-mcp-catalog.yaml',
    dockerCatalogYaml({ name: dockerName, title: catalog.title }, docker),
  );
  await write('_headers', HEADERS);
  await write('_redirects', REDIRECTS);
  await write('.nojekyll', '');
  return {
    servers: catalog.servers.length,
    files,
    perServer,
    docker: describeLeftOut(docker),
    tooLarge,
  };
}

/**
 * Without `<`, a browser finds no markup in it, whatever type a host gives the file. Threat: a readme
 * of a stranger that becomes a page of the catalog's own site.
 */
function jsonOf(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

function recordOf(publication: Publication, version: PublishedVersion, digest: string) {
  const { namespace, site, servers } = publication.catalog;
  const { entry, tools, readme } = version;
  return serverJsonOf(entry, {
    namespace,
    digest,
    ...(tools ? { tools } : {}),
    ...(readme ? { readme } : {}),
    ...(site ? { page: serverPageAddress(site, entry.name, servers.length) } : {}),
  });
}

function toolHiveRegistry({ catalog }: Publication, records: readonly RegistryRecord[]) {
  const dates = catalog.servers.flatMap(({ versions }) => versions[0]?.publishedAt ?? []);
  return {
    $schema:
      'https://raw.githubusercontent.com/stacklok/toolhive-core/main/registry/types/data/upstream-registry.schema.json',
    version: '1.0.0',
    meta: { last_updated: dates.sort().at(-1) ?? '1970-01-01T00:00:00Z' },
    data: { servers: records.map(({ server }) => server) },
  };
}

const CORS = Object.entries(CORS_HEADERS)
  .map(([name, value]) => `  ${name}: ${value}\n`)
  .join('');
const JSON_TYPE = '  Content-Type: application/json; charset=utf-8\n';
/** In the form of Netlify and Cloudflare Pages; the paths hold when the site is at its host's root. */
const HEADERS = `/v0.1/*
${CORS}${JSON_TYPE}/v0/*
${CORS}${JSON_TYPE}/registry.json
${CORS}/catalog.json
${CORS}`;

/**
 * Clients encode the slash in a server's name; hosts with rewrites serve those paths too, and the
 * plain ones, which name folders here.
 */
const REDIRECTS = ['v0.1', 'v0']
  .flatMap((version) =>
    [
      '',
      '/:name/versions',
      '/:name/versions/:version',
      '/:namespace/:name/versions',
      '/:namespace/:name/versions/:version',
    ].map((path) => `/${version}/servers${path}  /${version}/servers${path}/index.json  200\n`),
  )
  .join('');
