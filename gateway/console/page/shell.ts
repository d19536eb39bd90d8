import { send } from './api.ts';
import { type Child, drawing, fill, h, icon } from './dom.ts';
import { NAVIGATION, PAGES } from './pages.ts';
import { problem } from './parts/action.ts';
import { confirmDialog } from './parts/dialog.ts';

const STAR = 'M16 1.5 19 13 30.5 16 19 19 16 30.5 13 19 1.5 16 13 13z';
const MENU = 'M3 5.500h14M3 10h14M3 14.500h14';
const HALF = 'M10 3a7 7 0 1 0 0 14zM10 3a7 7 0 0 1 0 14';
const OFF = 'M10 3v7M6 5.500a6 6 0 1 0 8 0';

/** The frame around every page. */
export interface Shell {
  readonly main: HTMLElement;
  /** Marks the page in the navigation. */
  mark(page: string): void;
  /** A number beside a page's name; 0 takes it away. */
  badge(page: string, count: number, meaning: string): void;
  say(text: string): void;
  /** The profile that the pages work on. */
  readonly profile: HTMLElement;
  /** Covers the page when the console is gone, or does not know this browser. */
  stop(title: string, text: Child): void;
  /** Takes the cover away. */
  resume(): void;
}

export function makeShell(): Shell {
  const main = h('main', { id: 'main', tabindex: -1 });
  const live = h('div', { class: 'sr', role: 'status', 'aria-live': 'polite' });
  const links = new Map<string, HTMLAnchorElement>();
  const badges = new Map<string, HTMLElement>();
  const cover = h('div', {
    class: 'cover',
    role: 'alertdialog',
    'aria-label': 'The console',
    hidden: true,
  });
  const profile = h('div', { class: 'profile-switch' });
  const menu = h(
    'button',
    {
      type: 'button',
      class: 'icon-button menu-button',
      'aria-label': 'Menu',
      'aria-expanded': 'false',
      'aria-controls': 'navigation',
      onclick: () => toggle(menu.getAttribute('aria-expanded') !== 'true'),
    },
    icon(MENU),
  );
  const toggle = (open: boolean) => {
    menu.setAttribute('aria-expanded', String(open));
    nav.classList.toggle('open', open);
  };
  const nav = h(
    'nav',
    { id: 'navigation', class: 'side-nav', 'aria-label': 'Console' },
    h(
      'div',
      { class: 'nav-inner' },
      NAVIGATION.map(({ title, pages }) => [
        h('h2', { class: 'nav-group' }, title),
        h(
          'ul',
          {},
          pages.map((page) => {
            const badge = h('span', { class: 'count' });
            const link = h(
              'a',
              { href: `/${page}`, onclick: () => toggle(false) },
              icon(PAGES[page]?.icon ?? ''),
              h('span', {}, PAGES[page]?.title ?? page),
              badge,
            );
            links.set(page, link);
            badges.set(page, badge);
            return h('li', {}, link);
          }),
        ),
      ]),
    ),
  );
  nav.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    toggle(false);
    menu.focus();
  });
  document.body.append(
    h('a', { class: 'skip', href: '#main', onclick: focusMain }, 'Skip to content'),
    h(
      'header',
      { class: 'site-header' },
      h(
        'div',
        { class: 'bar-wide' },
        menu,
        h(
          'a',
          { class: 'brand', href: '/' },
          drawing(STAR, 32, { fill: 'currentColor' }),
          h('span', {}, 'Portolan'),
          h('span', { class: 'brand-note' }, 'Console'),
        ),
        profile,
        h(
          'button',
          {
            type: 'button',
            class: 'icon-button',
            'aria-label': 'Switch between light and dark',
            onclick: switchTheme,
          },
          icon(HALF),
        ),
        h(
          'button',
          {
            type: 'button',
            class: 'icon-button',
            'aria-label': 'End the console',
            onclick: askToEnd,
          },
          icon(OFF),
        ),
      ),
    ),
    h('div', { class: 'frame' }, nav, main),
    live,
    cover,
  );

  function focusMain(event: Event): void {
    event.preventDefault();
    main.focus();
  }

  return {
    main,
    profile,
    mark(page) {
      for (const [name, link] of links) {
        if (name === page) link.setAttribute('aria-current', 'page');
        else link.removeAttribute('aria-current');
      }
    },
    badge(page, count, meaning) {
      const badge = badges.get(page);
      if (!badge) return;
      if (count === 0) fill(badge);
      else fill(badge, String(count), h('span', { class: 'sr' }, ` ${meaning}`));
    },
    say(text) {
      // An unchanged text is not read again.
      live.textContent = live.textContent === text ? `${text} ` : text;
    },
    stop(title, text) {
      fill(cover, h('div', { class: 'panel' }, h('h1', { tabindex: -1 }, title), h('p', {}, text)));
      cover.hidden = false;
      cover.querySelector('h1')?.focus();
    },
    resume() {
      cover.hidden = true;
    },
  };
}

function askToEnd(): void {
  const faults = h('div', { class: 'faults' });
  confirmDialog(
    'End the console?',
    ['Running gateways, your clients and your settings stay as they are.', faults],
    h(
      'button',
      {
        type: 'button',
        class: 'button primary',
        onclick: () => send('/api/stop').catch((error) => fill(faults, problem(error))),
      },
      'End the console',
    ),
  );
}

const THEME = 'portolan-theme';

function switchTheme(): void {
  const root = document.documentElement;
  const isDark = root.dataset.theme
    ? root.dataset.theme === 'dark'
    : matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset.theme = isDark ? 'light' : 'dark';
  localStorage.setItem(THEME, root.dataset.theme);
}

/** The theme that was chosen in this browser. */
export function applyTheme(): void {
  const chosen = localStorage.getItem(THEME);
  if (chosen) document.documentElement.dataset.theme = chosen;
}
