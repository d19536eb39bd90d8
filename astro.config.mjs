import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { defineConfig, passthroughImageService } from 'astro/config';

// Astro builds a renderer, a module that makes the HTML of any page, and the styles and scripts of
// the pages; scripts/build-site.ts, which sets these, then calls it for each page.
const data = process.env.PORTOLAN_SITE_DATA ?? join(import.meta.dirname, '.portolan/site');
const out = process.env.PORTOLAN_SITE_OUT ?? join(data, 'renderer');
const base = process.env.PORTOLAN_BASE ?? '/';

export default defineConfig({
  base,
  output: 'server',
  adapter: renderer(),
  srcDir: './site/src',
  publicDir: './site/public',
  outDir: out,
  cacheDir: join(data, 'astro'),
  trailingSlash: 'always',
  devToolbar: { enabled: false },
  // Unset, compressHTML drops the spaces between elements that stand on lines of their own.
  compressHTML: true,
  image: { service: passthroughImageService() },
  session: undefined,
  build: {
    client: join(out, 'client'),
    server: join(out, 'server'),
    serverEntry: 'renderer.mjs',
    inlineStylesheets: 'never',
    assets: 'assets',
  },
  vite: {
    build: { assetsInlineLimit: 0, modulePreload: false },
    // The renderer lies in the working folder, which need not be near node_modules.
    ssr: { noExternal: true },
    cacheDir: join(data, 'vite'),
    server: { watch: { ignored: ['**/dist/**', '**/.portolan/**', '**/registry/servers/**'] } },
    plugins: [themeStyles(), scriptUrls()],
  },
});

/** The adapter: the server of this site is a module that a script imports. */
function renderer() {
  const name = 'portolan-renderer';
  return {
    name,
    hooks: {
      'astro:config:done': ({ setAdapter }) =>
        setAdapter({
          name,
          entrypointResolution: 'auto',
          serverEntrypoint: new URL('./site/src/renderer.ts', import.meta.url),
          supportedAstroFeatures: { serverOutput: 'stable', sharpImageService: 'unsupported' },
        }),
    },
  };
}

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
