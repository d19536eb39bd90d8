import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { writeFileAtomic } from '../../core/files.ts';

const PAGE = 'gateway/console/page';
/** The site's look, then what only the console has. */
const STYLES = [
  'site/src/styles/tokens.css',
  'site/src/styles/site.css',
  'site/src/styles/catalog.css',
  'site/src/styles/server.css',
  `${PAGE}/console.css`,
];

/** Makes the page of `portolan console`: one script and one style sheet, so that both are 'self'. */
export async function buildConsole(folder: string): Promise<void> {
  const bundle = await rolldown({ input: `${PAGE}/main.ts`, platform: 'browser' });
  const { output } = await bundle.generate({ format: 'es', codeSplitting: false, minify: true });
  await bundle.close();
  const styles = await Promise.all(STYLES.map((file) => readFile(file, 'utf8')));
  const files: Readonly<Record<string, string>> = {
    'console.js': output[0].code,
    'console.css': compact(styles.join('\n')),
    'index.html': await readFile(`${PAGE}/index.html`, 'utf8'),
    'icon.svg': await readFile(`${PAGE}/icon.svg`, 'utf8'),
  };
  for (const [name, content] of Object.entries(files)) {
    await writeFileAtomic(join(folder, name), content);
  }
}

/** Without comments, indentation and the imports that are joined here. */
function compact(css: string): string {
  return css
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/@import[^;]+;/g, '')
    .replace(/\s*\n\s*/g, '\n');
}
