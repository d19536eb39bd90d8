import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPage, type ServerLocation } from '../../../scripts/site/location.ts';
import type { ListItem, ServerPage, SiteData } from '../../../scripts/site/model.ts';

const folder = process.env.PORTOLAN_SITE_DATA ?? join(process.cwd(), '.portolan/site');

const readJson = <T>(name: string): T => JSON.parse(readFileSync(join(folder, name), 'utf8')) as T;

let cached: { site: SiteData; list: readonly ListItem[] } | undefined;

function data() {
  cached ??= { site: readJson<SiteData>('site.json'), list: readJson<ListItem[]>('list.json') };
  return cached;
}

export const site = (): SiteData => data().site;

/** Every server, sorted by name; withdrawn ones too. */
export const allServers = (): readonly ListItem[] => data().list;

/** Servers that are offered: not withdrawn. */
export const offered = (): readonly ListItem[] =>
  data().list.filter(({ status }) => status !== 'withdrawn');

/** Servers whose pages this build must render: all, or those that changed. */
export function serversToRender(): readonly ServerLocation[] {
  const locations = readJson<ServerLocation[]>('locations.json');
  const path = join(folder, 'render.json');
  if (!existsSync(path)) return locations;
  const names = new Set(readJson<string[]>('render.json'));
  return locations.filter(({ name }) => names.has(name));
}

let file: number | undefined;

/** One server's page. Read when it is rendered, so that memory holds one and not ten thousand. */
export function readServer(location: ServerLocation): ServerPage {
  if (file === undefined) {
    const opened = openSync(join(folder, 'servers.ndjson'), 'r');
    file = opened;
    process.on('exit', () => closeSync(opened));
  }
  return readPage(file, location);
}
