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
    plugins: [themeStyles(), directUrl()],
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
 * The address of the script that a server's page loads on demand. With a plain `import()` Vite adds
 * a helper that is larger than the whole script of the page.
 */
function directUrl() {
  const id = 'virtual:portolan/direct-url';
  return {
    name: 'portolan-direct-url',
    resolveId: (source) => (source === id ? `\0${id}` : undefined),
    load(source) {
      if (source !== `\0${id}`) return undefined;
      const chunk = join(import.meta.dirname, 'site/src/client/direct.ts');
      const reference = this.emitFile({ type: 'chunk', id: chunk, preserveSignature: 'strict' });
      return `export default import.meta.ROLLUP_FILE_URL_${reference};`;
    },
  };
}
