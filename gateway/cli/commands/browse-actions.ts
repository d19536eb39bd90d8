import { InvalidArgumentError } from 'commander';
import { messageOf, PortolanError } from '../../../core/errors.ts';
import { ICON_LAYER, LOCK_LAYER, README_LAYER } from '../../../core/oci/media-types.ts';
import { counted } from '../../../core/text.ts';
import { describeSigner } from '../../../core/trust/verify.ts';
import { searchCatalog } from '../../catalog/search.ts';
import { portolanPaths } from '../../paths.ts';
import { visible } from '../../relay/render-diff.ts';
import { openCatalogs } from '../catalog-access.ts';
import { describeServer } from '../describe-server.ts';
import { note, print, table } from '../print.ts';
import type { SearchOptions, ShowOptions } from './browse.ts';

export async function searchServers(
  words: readonly string[],
  options: SearchOptions,
): Promise<void> {
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1) {
    throw new InvalidArgumentError('--limit is a number from 1.');
  }
  const catalogs = await openCatalogs({ ...options, look: true }, portolanPaths(), note);
  const items = catalogs
    .all()
    .filter(
      ({ server }) => !options.category || server.summary.categories.includes(options.category),
    );
  const found = searchCatalog(items, words);
  const shown = found.slice(0, limit);
  print(
    options.json,
    shown.map(({ catalog, server }) => ({ catalog: catalog.source, ...server })),
    () =>
      shown.length === 0
        ? `No server matches ${words.join(' ')}; try fewer or shorter words.`
        : [
            table(
              shown.map(({ server: { name, versions, summary } }) => [
                name,
                versions[0]?.status === 'active' ? summary.kind : `${versions[0]?.status}`,
                summary.tools.length > 0 ? counted(summary.tools.length, 'tool') : 'live tools',
                visible(summary.description),
              ]),
            ),
            ...(found.length > shown.length
              ? [`${found.length - shown.length} more: --limit`]
              : []),
          ].join('\n'),
  );
}

export async function showServer(text: string, options: ShowOptions): Promise<void> {
  const [name = '', version] = text.split('@');
  const catalogs = await openCatalogs({ ...options, look: true }, portolanPaths(), note);
  const { catalog, server: listed } = catalogs.find(name);
  const server = await catalog.server(name, version);
  const value = {
    catalog: catalog.source,
    digest: server.descriptor.digest,
    signedBy: describeSigner(server.evidence.signer),
    versions: listed.versions,
    entry: server.entry,
    ...(server.tools ? { tools: server.tools.tools } : {}),
  };
  print(options.json, value, () => describeServer(server, catalog.source));
}

export async function verifyServers(texts: readonly string[], options: ShowOptions): Promise<void> {
  const catalogs = await openCatalogs(options, portolanPaths(), note);
  const wanted =
    texts.length > 0
      ? texts.map((text) => text.split('@') as [string, string | undefined])
      : catalogs
          .all()
          .flatMap(({ server }) =>
            server.versions
              .filter(({ status }) => status !== 'withdrawn')
              .map(({ version }) => [server.name, version] as [string, string]),
          );
  const results: VerifyResult[] = [];
  for (const [name, version] of wanted) {
    try {
      const server = await catalogs.server(name, version);
      for (const layer of [LOCK_LAYER, README_LAYER, ICON_LAYER] as const) {
        await server.readLayer(layer);
      }
      results.push({
        name,
        version: server.entry.version,
        ok: true,
        digest: server.descriptor.digest,
      });
    } catch (error) {
      if (!(error instanceof PortolanError) || error.kind === 'usage') throw error;
      results.push({ name, version, ok: false, code: error.code, message: messageOf(error) });
    }
  }
  const failed = results.filter(({ ok }) => !ok);
  print(options.json, results, () =>
    [
      ...results.map((result) =>
        result.ok
          ? `ok      ${result.name} ${result.version}  ${result.digest}`
          : `FAILED  ${result.name} ${result.version ?? ''}  ${result.message}`,
      ),
      `${results.length - failed.length} of ${results.length} hold`,
    ].join('\n'),
  );
  if (failed.length > 0) process.exitCode = 5;
}

interface VerifyResult {
  readonly name: string;
  readonly version: string | undefined;
  readonly ok: boolean;
  readonly digest?: string;
  readonly code?: string;
  readonly message?: string;
}
