import { slugOf } from '../../../scripts/site/model.ts';

/** Path that the site lives under, with a slash at its end. */
export const base: string = import.meta.env.BASE_URL.replace(/\/?$/, '/');

export const home = (query = ''): string => `${base}${query}`;
export const serverUrl = (name: string): string => `${base}servers/${name}/`;
export const categoryUrl = (id: string): string => `${base}categories/${id}/`;
export const tagUrl = (tag: string): string => `${base}tags/${slugOf(tag)}/`;
export const publisherUrl = (name: string): string => `${base}publishers/${slugOf(name)}/`;
export const letterUrl = (letter: string): string => `${base}a-z/${letter}/`;
export const page = (path: string): string => `${base}${path}`;

/** The full address of a path, where the catalog says where it lives. */
export const absolute = (origin: string | undefined, path: string): string | undefined =>
  origin && new URL(path, `${origin}/`).href;
