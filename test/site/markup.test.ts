import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { HtmlValidate } from 'html-validate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildTestSite, readTree, temporaryFolder } from './support/site.ts';

describe('the files of the built site', () => {
  let folder: string;
  let tree: Map<string, Buffer>;
  const text = (path: string) => tree.get(path)?.toString('utf8') ?? '';

  beforeAll(async () => {
    folder = await temporaryFolder();
    await buildTestSite(folder, { base: '/some/path/' });
    tree = await readTree(join(folder, 'site'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const pages = () => [...tree.keys()].filter((path) => path.endsWith('.html'));

  it('is valid HTML', async () => {
    const validate = new HtmlValidate({
      extends: ['html-validate:recommended'],
      rules: {
        // Matters of taste, or of attributes that the minifier leaves out.
        'long-title': 'off',
        'no-trailing-whitespace': 'off',
        'attribute-boolean-style': 'off',
        'void-style': 'off',
        'doctype-style': 'off',
        'prefer-native-element': 'off',
        'no-implicit-button-type': 'off',
        // Choices of one question share a name.
        'form-dup-name': ['error', { shared: ['radio', 'checkbox', 'button', 'submit'] }],
        'no-inline-style': 'error',
      },
    });
    const faults: string[] = [];
    // What is left of a hostile readme is harmless, not tidy.
    for (const path of pages().filter((name) => !name.includes('hostile'))) {
      const { results } = await validate.validateString(text(path), path);
      for (const { messages } of results) {
        for (const { ruleId, message, line, column, selector } of messages) {
          faults.push(`${path}:${line}:${column} ${ruleId} ${message} (${selector})`);
        }
      }
    }
    expect(faults.slice(0, 20)).toEqual([]);
  }, 240_000);

  it('has no broken link, and keeps under its base', () => {
    const broken = new Set<string>();
    for (const path of pages()) {
      const html = text(path);
      const here = new URL(`https://x/some/path/${path.replace(/index\.html$/, '')}`);
      for (const [, name, value = ''] of html.matchAll(
        /\s(href|src|action|data-index|data-full-text|data-direct)="([^"]*)"/g,
      )) {
        const target = new URL(value.replaceAll('&#38;', '&').replaceAll('&amp;', '&'), here);
        if (target.origin !== 'https://x') continue;
        const below = decodeURIComponent(target.pathname).replace(/^\/some\/path\//, '');
        const file = below.endsWith('/') || below === '' ? `${below}index.html` : below;
        if (!target.pathname.startsWith('/some/path/') || !tree.has(file)) {
          broken.add(`${path}: ${name}=${value}`);
        }
        if (target.hash && file.endsWith('.html')) {
          const id = decodeURIComponent(target.hash.slice(1));
          if (!text(file).includes(`id="${id}"`)) broken.add(`${path}: ${value} has no such id`);
        }
      }
    }
    expect([...broken].slice(0, 20)).toEqual([]);
  });

  it('marks links of strangers, and has no inline script or style', () => {
    // The browser tests look at the hostile ones; their payloads look like script to a pattern.
    for (const path of pages().filter((name) => !/hostile|xss/.test(name))) {
      const html = text(path);
      const inline = /<script(?![^>]*\b(src|type="application\/ld\+json"))[^>]*>/g;
      expect(html.match(inline), path).toHaveLength(1);
      expect(html, path).not.toMatch(/\sstyle="|<style/);
      expect(html, path).toContain("script-src 'self' 'wasm-unsafe-eval' 'sha256-");
    }
    const readme = /<section[^>]*class="readme".*?<\/section>/s.exec(
      text('servers/harbour-files/index.html'),
    )?.[0];
    expect(readme).toContain('rel="noopener nofollow ugc"');
    expect(readme).toContain('href="https://github.com/example/docs/guide.md"');
  });

  it('has the other forms of a server: JSON, Markdown, feed, badge', () => {
    const json = JSON.parse(text('servers/harbour-files/server.json'));
    expect(json.entry.name).toBe('harbour-files');
    expect(json.tools).toHaveLength(2);
    expect(text('servers/harbour-files/server.md')).toContain('## Tools');
    expect(text('servers/harbour-files/feed.xml')).toContain('<title>Harbour Files 2.0.0</title>');
    expect(text('servers/harbour-files/badge.svg')).toContain('2.0.0');
    const image = tree.get('servers/harbour-files/og.png');
    expect(image?.subarray(1, 4).toString()).toBe('PNG');
    expect(image?.readUInt32BE(16)).toBe(1200);
    expect(text('feed.xml').match(/<entry>/g)?.length).toBe(50);
    expect(text('sitemap.xml')).toContain('/servers/harbour-files/</loc>');
    expect(text('llms.txt')).toContain('[Harbour Files]');
    const structured = /<script type="application\/ld\+json">(.*?)<\/script>/.exec(
      text('servers/harbour-files/index.html'),
    )?.[1];
    expect(JSON.parse(structured ?? '')).toMatchObject({
      '@type': 'SoftwareApplication',
      softwareVersion: '2.0.0',
    });
  });

  it('keeps withdrawn servers out of lists but keeps their page', () => {
    expect(text('servers/sunken-crane/index.html')).toContain('It fell into the water.');
    for (const path of [
      'catalog-index.json',
      'categories/cloud/index.html',
      'a-z/index.html',
      'llms.txt',
    ]) {
      expect(text(path), path).not.toContain('sunken-crane');
    }
  });
});
