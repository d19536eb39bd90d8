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
    build: { emptyOutDir: false, assetsInlineLimit: 0, modulePreload: { polyfill: false } },
    cacheDir: join(data, 'vite'),
    server: { watch: { ignored: ['**/dist/**', '**/.portolan/**', '**/registry/servers/**'] } },
    plugins: [themeStyles()],
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
