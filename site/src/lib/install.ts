import type { ServerEntry } from '../../../core/entry/types.generated.ts';
import { installWords as m } from '../messages.ts';
import { escapeHtml, escapeText } from './card.ts';
import { CLIENTS, directInstall, type Install } from './clients.ts';
import { gatewayLaunch } from './launch.ts';

/**
 * The chooser of clients: radio buttons, and what each client needs, shown by CSS, so that it works
 * without JavaScript. Clients that take the same text share it.
 */
export function installHtml(entry: ServerEntry, catalog: readonly string[]): string {
  const choices = CLIENTS.map(
    ({ id, title }, index) =>
      `<input type="radio" name="client" id="c-${id}"${index ? '' : ' checked'}><label for="c-${id}">${title}</label>`,
  );
  const launch = gatewayLaunch(entry, catalog);
  const installs = CLIENTS.map((client) => [client.id, client.install(launch)] as const);
  return `<fieldset class="clients"><legend class="sr">${m.client}</legend>${choices.join('')}<div class="ways">${sharedHtml(installs)}</div></fieldset>`;
}

function sharedHtml(installs: readonly (readonly [client: string, install: Install])[]): string {
  const texts = new Map<string, { client: string; where: string }[]>();
  for (const [client, { snippets }] of installs) {
    for (const { where, text } of snippets) {
      texts.set(text, [...(texts.get(text) ?? []), { client, where }]);
    }
  }
  const figures = [...texts].map(([text, users]) => {
    const places = Object.entries(Object.groupBy(users, ({ where }) => where));
    const captions = places.map(([where, same = []]) =>
      places.length === 1
        ? placeHtml(where)
        : `<span class="w ${classes(same.map(({ client }) => client))}">${placeHtml(where)}</span>`,
    );
    return `<figure class="w ${classes(users.map(({ client }) => client))}"><figcaption>${captions.join('')}</figcaption>${preHtml(text)}</figure>`;
  });
  const links = installs
    .filter(([, install]) => install.links.length)
    .map(([client, install]) => `<div class="w w-${client}">${linksHtml(install)}</div>`);
  return figures.join('') + links.join('');
}

const classes = (clients: readonly string[]) => clients.map((client) => `w-${client}`).join(' ');

const placeHtml = (where: string) =>
  where === 'shell' ? m.terminal : m.inFile(`<code>${escapeHtml(where)}</code>`);

/** Everything for one client. */
export const wayHtml = (install: Install): string =>
  install.snippets
    .map(
      ({ where, text }) =>
        `<figure><figcaption>${placeHtml(where)}</figcaption>${preHtml(text)}</figure>`,
    )
    .join('') + linksHtml(install);

const linksHtml = ({ links }: Install): string =>
  links.length
    ? `<p class="links">${links.map(({ href, label }) => `<a class="button primary" href="${escapeHtml(href)}">${label}</a>`).join(' ')} <span class="muted small">${m.linkNote}</span></p>`
    : '';

/** Code with a copy button, which only works, and only shows, with JavaScript. */
export const preHtml = (text: string): string =>
  `<div class="code"><pre><code>${escapeText(text)}</code></pre><button type="button" class="button needs-script" data-copy>${m.copy}</button></div>`;

/**
 * How to reach the server without the gateway: for the client with this id, or in the form that
 * most clients take.
 */
export function directHtml(entry: ServerEntry, clientId = 'claude-desktop'): string {
  const client = CLIENTS.find(({ id }) => id === clientId);
  const install = client && directInstall(client, entry);
  return install ? wayHtml(install) : `<p class="muted small">${m.directMissing}</p>`;
}

/** The same, as a page shows it before a client was chosen. */
export const firstDirectHtml = (entry: ServerEntry): string =>
  directHtml(entry, entry.remote ? 'cursor' : undefined);

/** What remains to do after pasting: give the secrets, or sign in. */
export function nextHtml(entry: ServerEntry, catalog: readonly string[]): string {
  const options = catalog.map((part) => ` ${part}`).join('');
  const secrets = (entry.secrets ?? []).filter(({ required }) => required !== false);
  const lines = secrets.map(
    ({ name }) => `npx -y portolan secret set ${entry.name}.${name}${options}`,
  );
  if (lines.length) return `<p class="small">${m.secretNext}</p>${preHtml(lines.join('\n'))}`;
  return entry.remote?.oauth && entry.remote.oauth.required !== false
    ? `<p class="small">${m.signInNext}</p>${preHtml(`npx -y portolan auth login ${entry.name}${options}`)}`
    : '';
}
