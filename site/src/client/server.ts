// A server's page: copy buttons, the client chosen last time, and its direct way on demand.
import directUrl from 'virtual:portolan/url/direct';

const clients = [...document.querySelectorAll<HTMLInputElement>('[name=client]')];
const details = document.querySelector<HTMLDetailsElement>('[data-direct]');

addEventListener('click', async (event) => {
  const { target } = event;
  const button = target as HTMLElement;
  if (button.matches('[data-raw]')) {
    event.preventDefault();
    const { showRaw } = await loadDirect();
    return showRaw(button as HTMLAnchorElement);
  }
  if (!button.matches('[data-copy]')) return;
  const label = button.textContent;
  await navigator.clipboard.writeText(button.previousElementSibling?.textContent ?? '');
  button.textContent = '✓';
  setTimeout(() => {
    button.textContent = label;
  }, 1500);
});

const loadDirect = () =>
  import(/* @vite-ignore */ directUrl) as Promise<typeof import('./direct.ts')>;

async function showDirect() {
  if (!details?.open) return;
  const { showDirect: show } = await loadDirect();
  await show(details, clients.find(({ checked }) => checked)?.id.slice(2));
}

try {
  const chosen = clients.find(({ id }) => id === localStorage.client);
  if (chosen) chosen.checked = true;
} catch {
  // Storage is off: the first client stays chosen.
}
for (const input of clients) {
  input.addEventListener('change', () => {
    try {
      localStorage.client = input.id;
    } catch {
      // As above.
    }
    showDirect();
  });
}
details?.addEventListener('toggle', showDirect);
