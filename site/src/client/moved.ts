// Where nothing is: leads the address that a server's page has in smaller catalogs to its page here.
import { serverPagePath } from '../../../core/registry-api/page-address.ts';
import { base } from '../lib/urls.ts';

const [, name, tools] =
  /^servers\/([a-z0-9-]+)\/(tools\/?$)?/.exec(
    location.pathname.startsWith(base) ? location.pathname.slice(base.length) : '',
  ) ?? [];
if (name) {
  const view = tools ? '&view=tools' : '';
  location.replace(base + serverPagePath(name, true) + view + location.hash);
}
