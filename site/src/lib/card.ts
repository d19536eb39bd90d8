import type { Card, ListItem } from '../../../scripts/site/model.ts';
import { cardWords as m } from '../messages-live.ts';

export const cardOf = (item: ListItem): Card => ({ ...item, tools: item.toolNames.length });

/** HTML of a server's card. One function for the build and the browser, so that both look alike. */
export function cardHtml(item: ListItem | Card, base: string): string {
  const card = 'toolNames' in item ? cardOf(item) : item;
  const tick = card.verified
    ? ` <svg class="tick" viewBox="0 0 16 16" role="img" aria-label="${m.verified}"><path fill="currentColor" d="${TICK}"/></svg>`
    : '';
  return `<li class="card"><span class="mark" aria-hidden="true">${markHtml(card, base)}</span><div><h3><a href="${base}servers/${card.name}/">${escapeHtml(card.title)}</a></h3><span class="by">${escapeHtml(card.publisher)}${tick}</span></div><p>${escapeHtml(card.description)}</p><div class="chips">${chips(card)}</div></li>`;
}

export const TICK =
  'M8 0l1.9 1.5 2.4-.2.8 2.3 2 1.4-.8 2.3.8 2.3-2 1.4-.8 2.3-2.4-.2L8 15l-1.9-1.9-2.4.2-.8-2.3-2-1.4.8-2.3-.8-2.3 2-1.4.8-2.3 2.4.2zM7 10.8l4.3-4.3-1.1-1.1L7 8.600 5.700 7.300 4.600 8.400z';

export const markHtml = (card: Pick<Card, 'icon' | 'name' | 'title'>, base: string): string =>
  card.icon
    ? `<img src="${base}icons/${card.name}.svg" alt="" width="40" height="40" loading="lazy">`
    : escapeHtml([...card.title][0]?.toUpperCase() ?? '');

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
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
