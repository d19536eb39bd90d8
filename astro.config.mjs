import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { defineConfig } from 'astro/config';

// scripts/build-site.ts compiles the signed catalog first and sets these; defaults serve `astro dev`.
const data = process.env.PORTOLAN_SITE_DATA ?? join(import.meta.dirname, '.portolan/site');
const outDir = process.env.PORTOLAN_SITE_OUT ?? './dist/site';
const base = process.env.PORTOLAN_BASE ?? '/';

export default defineConfig({
  base,
  srcDir: './site/src',
  publicDir: './site/public',
  outDir,
  cacheDir: join(data, 'astro'),
  trailingSlash: 'always',
  devToolbar: { enabled: false },
  // Unset, compressHTML drops the spaces between elements that stand on lines of their own.
  compressHTML: true,
  build: { inlineStylesheets: 'never', concurrency: 16, assets: 'assets' },
  vite: {
    // scripts/build-site.ts prunes instead: an incremental build keeps the pages that did not change.
    build: { emptyOutDir: false, assetsInlineLimit: 0, modulePreload: false },
    cacheDir: join(data, 'vite'),
    server: { watch: { ignored: ['**/dist/**', '**/.portolan/**', '**/registry/servers/**'] } },
    plugins: [themeStyles(), scriptUrls()],
  },
});

/** The colours of registry/catalog.yaml as CSS. */
function themeStyles() {
  const id = 'virtual:portolan/theme.css';
  return {
    name: 'portolan-theme',
    resolveId: (source) => (source === id ? `\0${id}` : undefined),
    load(source) {
      if (source !== `\0${id}`) return undefined;
      const path = join(data, 'site.json');
      const { accent, accentDark } = existsSync(path)
        ? (JSON.parse(readFileSync(path, 'utf8')).theme ?? {})
        : {};
      return [
        ':root{',
        accent ? `--accent-light:${accent};` : '',
        accentDark ? `--accent-dark:${accentDark};` : '',
        '}',
      ].join('');
    },
  };
}

/**
 * `virtual:portolan/url/NAME`: the address of site/src/client/NAME.ts, which a page loads on demand.
 * With a plain `import()` Vite adds a helper that is larger than the whole script of the page.
 */
function scriptUrls() {
  const prefix = '\0virtual:portolan/url/';
  return {
    name: 'portolan-script-urls',
    resolveId: (source) => (`\0${source}`.startsWith(prefix) ? `\0${source}` : undefined),
    load(source) {
      if (!source.startsWith(prefix)) return undefined;
      const name = source.slice(prefix.length);
      const id = join(import.meta.dirname, `site/src/client/${name}.ts`);
      const reference = this.emitFile({ type: 'chunk', id, name, preserveSignature: 'strict' });
      return `export default import.meta.ROLLUP_FILE_URL_${reference};`;
    },
  };
}
