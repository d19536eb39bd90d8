import { enter, type Lost, whenLost } from './api.ts';
import { h, prose } from './dom.ts';
import { stayConnected } from './live.ts';
import { PAGES } from './pages.ts';
import { problem } from './parts/action.ts';
import { openView } from './router.ts';
import { applyTheme, makeShell } from './shell.ts';
import { keepState } from './state.ts';

applyTheme();
const failure = await enter();
const shell = makeShell();
let leave = () => {};
let isLost = false;

whenLost((lost) => {
  isLost = true;
  shell.stop(...COVERS[lost]);
});

const COVERS: Readonly<Record<Lost, readonly [string, ReturnType<typeof prose>]>> = {
  'no-session': [
    'This browser is not signed in to the console',
    prose(
      failure?.message ??
        'Open the link that `portolan console` prints. A console that was started again has a new one; press Enter in its terminal for another.',
    ),
  ],
  gone: [
    'The console has ended',
    prose('Start it again with `portolan console`, and open the link that it prints.'),
  ],
};

/** Shows the page of the address. The first time, the focus stays where the browser put it. */
async function show(isFirst = false): Promise<void> {
  leave();
  const [name = '', ...rest] = location.pathname.slice(1).split('/').map(decodeURIComponent);
  const page = PAGES[name] ?? PAGES[''];
  if (!page) return;
  shell.mark(name === 'server' ? '' : name);
  const opened = openView(shell, rest.join('/'), page, go);
  leave = opened.leave;
  await opened.ready;
  document.title = `${shell.main.querySelector('h1')?.textContent ?? page.title} · Portolan console`;
  if (isFirst) return;
  const heading = shell.main.querySelector('h1');
  heading?.focus();
  window.scrollTo(0, 0);
}

function go(address: string): void {
  history.pushState(null, '', address);
  void show();
}

document.addEventListener('click', (event) => {
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  const isPlain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
  if (!link || !isPlain || event.defaultPrevented) return;
  if (link.origin !== location.origin || link.target) return;
  event.preventDefault();
  if (link.href !== location.href) go(link.pathname + link.search);
});
window.addEventListener('popstate', () => void show());

await keepState(shell, () => void show()).catch(() => {});
void stayConnected(() => {
  if (isLost) shell.resume();
  isLost = false;
  void show();
});
await show(true).catch((error) => {
  shell.main.replaceChildren(h('div', { class: 'page' }, problem(error)));
});
