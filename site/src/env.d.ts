declare module 'virtual:portolan/theme.css';
declare module 'virtual:portolan/url/*' {
  const url: string;
  export default url;
}

declare namespace App {
  /** What the build gives a page to show; see lib/pages.ts. */
  interface Locals {
    server?: import('../../scripts/site/model.ts').ServerPage;
    /** Which part of a server, where it has no page; see pages/part.astro. */
    view?: 'tools';
    list?: import('./lib/pages.ts').ServerListPage;
    doc?: import('./lib/docs.ts').Doc;
  }
}
