/**
 * `npm run build:api`: the registry APIs as static files beside the site.
 *
 *   --layout DIR   the signed catalog (dist/catalog)
 *   --out DIR      the site's folder (dist/site)
 *   --index-html   also as index.html, for hosts that serve nothing else for a folder (GitHub Pages)
 */
import { parseArgs } from 'node:util';
import { writeApi } from './api/write-api.ts';
import { runScript } from './run-script.ts';
import { readPublication } from './site/publication.ts';

await runScript(async () => {
  const { values } = parseArgs({
    options: {
      registry: { type: 'string', default: 'registry' },
      layout: { type: 'string', default: 'dist/catalog' },
      out: { type: 'string', default: 'dist/site' },
      'index-html': { type: 'boolean', default: false },
    },
  });
  const publication = await readPublication(values.layout, values.registry);
  const { servers, files, perServer, docker, tooLarge } = await writeApi(publication, values.out, {
    indexHtml: values['index-html'],
  });
  console.log(
    `${values.out}: ${files} API files for ${servers} servers${perServer ? '' : '; too many for files per server, which portolan serve-registry answers'}`,
  );
  for (const { path, bytes } of tooLarge) {
    console.log(
      `${values.out}/${path} has ${(bytes / 2 ** 20).toFixed(0)} MiB: Cloudflare Pages takes no file above 25; leave it out there, or answer its clients with portolan serve-registry`,
    );
  }
  if (docker) console.log(`${values.out}/docker-mcp-catalog.yaml: ${docker}`);
});
