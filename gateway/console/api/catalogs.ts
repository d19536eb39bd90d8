import { defaultSource, sourcesInUse } from '../../catalog/default-source.ts';
import {
  addVerifiedSource,
  describeUpdate,
  reportOnSource,
  updateSource,
} from '../../catalog/manage-sources.ts';
import { findSource, readSources, removeSource, type SourceSigner } from '../../catalog/sources.ts';
import type { ConsoleContext } from '../context.ts';
import { type ApiRequest, flagIn, get, optionalTextIn, post, textIn } from '../route.ts';

export const catalogsRoutes = [
  get('/api/catalogs', list),
  get('/api/catalogs/:name', report),
  post('/api/catalogs', add),
  post('/api/catalogs/:name/update', update),
  post('/api/catalogs/:name/remove', remove),
];

export type SourceList = Awaited<ReturnType<typeof list>>;
export type { SourceReport } from '../../catalog/manage-sources.ts';

async function list(_: ApiRequest, { paths }: ConsoleContext) {
  const shipped = defaultSource()?.source;
  const added = new Set((await readSources(paths.config)).map(({ name }) => name));
  return {
    sources: (await sourcesInUse(paths.config)).map(({ name, source, signers }) => ({
      name,
      source,
      /** It is used because none was added, and cannot be removed. */
      shipped: !added.has(name) && source === shipped,
      signers: signers.map((signer) =>
        'publicKey' in signer ? 'a public key' : `${signer.identity} (${signer.issuer})`,
      ),
    })),
  };
}

function report({ params }: ApiRequest, { paths, log }: ConsoleContext) {
  return sourcesInUse(paths.config).then((sources) =>
    reportOnSource(findSource(sources, params.name ?? ''), paths, log),
  );
}

async function add({ body }: ApiRequest, context: ConsoleContext): Promise<{ name: string }> {
  const identity = optionalTextIn(body, 'identity');
  const signer: SourceSigner = identity
    ? { identity, issuer: textIn(body, 'issuer') }
    : { publicKey: textIn(body, 'publicKey') };
  const name = optionalTextIn(body, 'name');
  const { name: added } = await addVerifiedSource(
    { source: textIn(body, 'source').trim(), signers: [signer], ...(name && { name }) },
    { replace: flagIn(body, 'replace') },
    context.paths,
    context.log,
  );
  context.changed('catalogs');
  return { name: added };
}

async function update({ params }: ApiRequest, context: ConsoleContext): Promise<{ text: string }> {
  const source = findSource(await sourcesInUse(context.paths.config), params.name ?? '');
  const text = describeUpdate(await updateSource(source, context.paths, context.log));
  context.changed('catalogs');
  return { text };
}

async function remove({ params }: ApiRequest, context: ConsoleContext): Promise<void> {
  await removeSource(context.paths.config, params.name ?? '');
  context.changed('catalogs');
}
