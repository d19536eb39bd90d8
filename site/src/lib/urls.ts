import { serverPagePath } from '../../../core/registry-api/page-address.ts';
import { slugOf } from '../../../scripts/site/model.ts';

/** Path that the site lives under, with a slash at its end. */
export const base: string = import.meta.env.BASE_URL.replace(/\/?$/, '/');

export const page = (path: string): string => `${base}${path}`;
export const home = (query = ''): string => page(query);
/** The page of a server; see SiteData for what `huge` is. */
export const serverUrl = (name: string, huge: boolean): string => page(serverPagePath(name, huge));
/** The page with the inputs of a server's tools, where they are too many for its own page. */
export const toolsUrl = (name: string, huge: boolean): string =>
  serverUrl(name, huge) + (huge ? '&view=tools' : 'tools/');
export const categoryUrl = (id: string): string => page(`categories/${id}/`);

/**
 * In a large catalog there are more tags and publishers than pages a static host takes, so their
 * links ask the catalog page instead.
 */
export const tagUrl = (tag: string, large: boolean): string =>
  large ? home(`?q=${encodeURIComponent(tag)}`) : page(`tags/${slugOf(tag)}/`);
export const publisherUrl = (name: string, large: boolean): string =>
  large ? home(`?q=${encodeURIComponent(name)}`) : page(`publishers/${slugOf(name)}/`);

/** The full address of a path, where the catalog says where it lives. */
export const absolute = (origin: string | undefined, path: string): string | undefined =>
  origin && new URL(path, `${origin}/`).href;
