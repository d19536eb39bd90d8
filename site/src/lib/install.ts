import type { ServerEntry } from '../../../core/entry/types.generated.ts';
import { messages } from '../messages.ts';
import { escapeHtml } from './card.ts';
import { CLIENTS, directInstall, gatewayInstall, type Install } from './clients.ts';

const m = messages.server;

/**
 * The chooser of clients: radio buttons with a panel each, so that it works without JavaScript.
 * In each panel the gateway's way is shown, and the direct one lies under it, closed.
 */
export function installHtml(entry: ServerEntry, catalog: string): string {
  const choices = CLIENTS.map((client, index) => {
    const direct = directInstall(client, entry);
    return `<input type="radio" name="client" id="c-${client.id}" value="${client.id}"${index ? '' : ' checked'}><label for="c-${client.id}">${client.title}</label><div class="way">${
      wayHtml(gatewayInstall(client, entry, catalog)) + nextHtml(entry)
    }<details><summary>${m.direct}</summary><div>${
      direct
        ? `<p class="muted small">${m.directNote}</p>${wayHtml(direct)}`
        : `<p class="muted small">${m.directMissing}</p>`
    }</div></details></div>`;
  });
  return `<fieldset class="clients"><legend class="sr">${m.client}</legend>${choices.join('')}</fieldset>`;
}

const wayHtml = ({ snippets, links }: Install): string =>
  snippets
    .map(
      ({ where, text }) =>
        `<figure class="snippet"><figcaption>${where === 'shell' ? m.terminal : m.inFile(`<code>${escapeHtml(where)}</code>`)}</figcaption>${preHtml(text)}</figure>`,
    )
    .join('') +
  (links.length
    ? `<p class="links">${links.map(({ href, label }) => `<a class="button primary" href="${escapeHtml(href)}">${label}</a>`).join(' ')} <span class="muted small">${m.linkNote}</span></p>`
    : '');

/** Code with a copy button, which only works, and only shows, with JavaScript. */
export const preHtml = (text: string): string =>
  `<div class="code"><pre tabindex="0"><code>${escapeHtml(text)}</code></pre><button type="button" class="button needs-script" data-copy>${m.copy}</button></div>`;

function nextHtml(entry: ServerEntry): string {
  const secrets = (entry.secrets ?? []).filter(({ required }) => required !== false);
  const lines = secrets.map(({ name }) => `npx -y portolan secret set ${entry.name}.${name}`);
  if (lines.length) return `<p class="small">${m.secretNext}</p>${preHtml(lines.join('\n'))}`;
  return entry.remote?.oauth && entry.remote.oauth.required !== false
    ? `<p class="small">${m.signInNext}</p>${preHtml(`npx -y portolan login ${entry.name}`)}`
    : '';
}
