import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Marked } from 'marked';
import { shorten } from '../../../core/registry-api/server-json.ts';
import { docsImages } from '../../../scripts/site/docs-images.ts';
import { slugOf } from '../../../scripts/site/model.ts';
import { escapeHtml } from './card.ts';
import { data } from './data.ts';

/** One page of docs/. */
export interface Doc {
  /** Path below docs/ without `.md`, e.g. `decisions/0002-dependencies`. */
  readonly slug: string;
  readonly title: string;
  readonly summary: string;
  readonly markdown: string;
}

const FENCED = /^```[\s\S]*?^```$/gm;
/** The first lines that are neither heading, list, table, quotation nor comment. */
const FIRST_PARAGRAPH = /^[A-Za-z`[][^\n]+(?:\n[^\n#|>*-][^\n]*)*/m;

let cached: readonly Doc[] | undefined;

/** The pages of docs/, sorted by path. */
export function docs(): readonly Doc[] {
  const { docs: folder } = data();
  cached ??= readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.md'))
    .sort()
    .map((path) => {
      const text = readFileSync(join(folder, path), 'utf8');
      const slug = path.replace(/\.md$/, '').replace(/(^|\/)(README|index)$/, '');
      const title = /^#\s+(.+)$/m.exec(text)?.[1] ?? slug;
      const markdown = text.replace(/^#\s+.+$/m, '');
      const summary = FIRST_PARAGRAPH.exec(markdown.replace(FENCED, ''))?.[0] ?? title;
      return { slug, title: plain(title), summary: shorten(plain(summary), 200), markdown };
    });
  return cached;
}

/** Pages under one heading of docs/README.md. */
export interface DocGroup {
  readonly title: string;
  readonly docs: readonly Doc[];
}

/**
 * The pages as docs/README.md puts them in order: a group for each of its headings. What it does not
 * name comes at the end, under `rest`; decisions are left out.
 */
export function docGroups(rest: string): readonly DocGroup[] {
  const all = docs().filter(({ slug }) => slug !== '' && !slug.startsWith('decisions/'));
  const bySlug = new Map(all.map((doc) => [doc.slug, doc]));
  const overview = docs().find(({ slug }) => slug === '')?.markdown ?? '';
  const named = overview.split(/^## /m).map((part): DocGroup => {
    const links = [...part.matchAll(/\]\(([\w./-]+)\.md\)/g)];
    const listed = links.flatMap(([, slug = '']) => {
      const doc = bySlug.get(slug);
      bySlug.delete(slug);
      return doc ?? [];
    });
    return { title: part.split('\n', 1)[0] ?? '', docs: listed };
  });
  return [...named, { title: rest, docs: [...bySlug.values()] }].filter(
    (group) => group.docs.length > 0,
  );
}

const plain = (markdown: string) =>
  markdown
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[`*]/g, '')
    .replace(/\s+/g, ' ')
    .trim();

/**
 * HTML of a page of ours. Links to other pages become addresses of the site, links to files of the
 * repository lead to its source.
 */
export function renderDoc(doc: Doc, base: string, blob: string): string {
  const seen = new Map<string, number>();
  const known = new Set(docs().map(({ slug }) => slug));
  const marked = new Marked({
    gfm: true,
    renderer: {
      heading({ tokens, depth }) {
        const text = this.parser.parseInline(tokens);
        const words = slugOf(text.replace(/<[^>]+>|&[#\w]+;/g, ''));
        // An id begins with a letter, so that CSS and old scripts can name it.
        const slug = /^[a-z]/.test(words) ? words : `section-${words}`;
        const count = seen.get(slug) ?? 0;
        seen.set(slug, count + 1);
        return `<h${depth} id="${slug}${count ? `-${count}` : ''}">${text}</h${depth}>`;
      },
      link({ href, tokens }) {
        const text = this.parser.parseInline(tokens);
        return `<a href="${address(href)}">${text}</a>`;
      },
      image: ({ href, text }) => picture(href, text),
      code: ({ text }) => `<pre tabindex="0"><code>${escapeHtml(text)}</code></pre>`,
    },
  });
  /** Drawings are copied beside the pages; a screenshot would weigh more than the page. */
  function picture(href: string, alt: string): string {
    const { pathname } = new URL(href, `http://x/docs/${doc.slug}.md`);
    const path = docsImages(data().docs).find((name) => pathname === `/docs/${name}`);
    return path
      ? `<img src="${base}docs/${path}" alt="${escapeHtml(alt)}" loading="lazy">`
      : `<em>${escapeHtml(alt)}</em>`;
  }
  function address(href: string): string {
    if (/^(https?:|mailto:|#)/.test(href)) return href;
    const [path = '', hash = ''] = href.split('#');
    const { pathname } = new URL(path, `http://x/docs/${doc.slug}.md`);
    const slug = pathname
      .replace(/^\/docs\//, '')
      .replace(/\.md$/, '')
      .replace(/(^|\/)README$/, '');
    const anchor = hash && `#${hash}`;
    return pathname.startsWith('/docs/') && known.has(slug)
      ? `${base}docs/${slug ? `${slug}/` : ''}${anchor}`
      : `${blob}${pathname}${anchor}`;
  }
  const html = marked.parse(doc.markdown, { async: false });
  // The attribute of columns with numbers is out of date; a class does the same.
  return html.replaceAll(/(<t[hd]) align="(\w+)"/g, '$1 class="$2"');
}
