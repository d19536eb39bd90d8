/**
 * `npm run build:image`: an image of the gateway, by docs/deploy/Containerfile, with podman or docker.
 * It holds what dist/ holds: run `npm run build:runner` first, and `build:snapshot` for a catalog.
 *
 *   --tag NAME        name of the image, repeatable (localhost/portolan:VERSION)
 *   --base IMAGE      base with Node.js at /usr/local/bin/node (that of the Containerfile); its tag is
 *                     looked up and pinned by digest
 *   --engine NAME     podman or docker (whichever is there)
 *   --platform LIST   as of the engine, e.g. linux/arm64
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { buildImage } from './image/build-image.ts';
import { runScript } from './run-script.ts';

await runScript(async () => {
  const { values } = parseArgs({
    options: {
      tag: { type: 'string', multiple: true },
      base: { type: 'string' },
      engine: { type: 'string' },
      platform: { type: 'string' },
    },
  });
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
  const { tag = [`localhost/portolan:${version}`], ...choice } = values;
  const { base, engine } = await buildImage({ ...choice, tags: tag, version });
  console.log(`${tag.join(', ')}: built with ${engine} from ${base}`);
});
