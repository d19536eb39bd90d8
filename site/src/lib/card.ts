import { serverPagePath } from '../../../core/registry-api/page-address.ts';
import type { Card, ListItem } from '../../../scripts/site/model.ts';
import { cardWords as m } from '../messages-live.ts';

export const cardOf = (item: ListItem): Card => ({ ...item, tools: item.toolNames.length });

/** HTML of a server's card. One function for the build and the browser, so that both look alike. */
export function cardHtml(item: ListItem | Card, base: string, huge: boolean): string {
  const card = 'toolNames' in item ? cardOf(item) : item;
  const tick = card.verified
    ? ` <span class="icon tick" role="img" aria-label="${m.verified}"></span>`
    : '';
  return `<li class="card"><span class="mark" aria-hidden="true">${markHtml(card, base)}</span><div><h3><a href="${base}${serverPagePath(card.name, huge)}">${escapeHtml(card.title)}</a></h3><span class="by">${escapeHtml(card.publisher)}${tick}</span></div><p>${escapeHtml(card.description)}</p><div class="chips">${chips(card)}</div></li>`;
}

export const markHtml = (card: Pick<Card, 'icon' | 'name' | 'title'>, base: string): string =>
  card.icon
    ? `<img src="${base}icons/${card.name}.svg" alt="" width="40" height="40" loading="lazy">`
    : escapeHtml([...card.title][0]?.toUpperCase() ?? '');

/** An icon that is part of its page. Escaped as little as an address must be, so that it compresses. */
export const inlineIcon = (svg: string): string =>
  `<img src="data:image/svg+xml,${svg.replace(/[%#<>"&]/g, encodeURIComponent).replace(/\s+/g, ' ')}" alt="" width="64" height="64">`;

function chips(card: Card): string {
  const chip = (text: string, tone = '') =>
    `<span class="chip${tone && ` ${tone}`}">${text}</span>`;
  return [
    card.status === 'active' ? '' : chip(m.status[card.status], 'bad'),
    chip(m.kinds[card.kind]),
    card.network === 'none' ? chip(m.network.none, 'good') : '',
    card.network === 'any' ? chip(m.network.any, 'warn') : '',
    card.signIn === 'none' ? '' : chip(m.signIn[card.signIn]),
    chip(m.tools(card.tools, card.dynamicTools)),
  ].join('');
}

export const escapeHtml = (text: string): string =>
  SPECIAL.test(text) ? text.replace(/[&<>"']/g, reference) : text;

/** For text between elements only, where quotes are harmless: code is full of them. */
export const escapeText = (text: string): string => text.replace(/[&<>]/g, reference);

const SPECIAL = /[&<>"']/;
const reference = (character: string) => `&#${character.charCodeAt(0)};`;
