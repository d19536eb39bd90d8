/** Above this many servers a catalog's site has one page for all of them, which shows each. */
export const PAGE_PER_SERVER_LIMIT = 20_000;

/** Path of a server's page below the address of a site. `huge`: see PAGE_PER_SERVER_LIMIT. */
export const serverPagePath = (name: string, huge: boolean): string =>
  huge ? `servers/?name=${name}` : `servers/${name}/`;

/** Address of a server's page on the site of its catalog, which holds so many `servers`. */
export const serverPageAddress = (site: string, name: string, servers: number): string =>
  new URL(serverPagePath(name, servers > PAGE_PER_SERVER_LIMIT), site).href;
