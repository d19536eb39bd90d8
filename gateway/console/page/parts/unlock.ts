import { send } from '../api.ts';
import { h } from '../dom.ts';

let count = 0;

/** Asks for the passphrase of the vault, then does again what was not possible. */
export function unlockForm(isNew: boolean, retry: () => void): HTMLElement {
  count += 1;
  const first = passwordField(`passphrase-${count}`, isNew ? 'new-password' : 'current-password');
  const second = passwordField(`passphrase-again-${count}`, 'new-password');
  const fault = h('p', { class: 'fault', role: 'alert' });
  return h(
    'form',
    {
      class: 'fields',
      onsubmit: async (event) => {
        event.preventDefault();
        if (isNew && first.value !== second.value) {
          fault.textContent = 'The two passphrases differ.';
          second.focus();
          return;
        }
        const passphrase = first.value;
        first.value = '';
        second.value = '';
        await send('/api/vault/unlock', { passphrase });
        retry();
      },
    },
    h(
      'label',
      { for: first.id },
      isNew ? 'Choose a passphrase for the vault' : 'Passphrase of the vault',
    ),
    first,
    isNew && h('label', { for: second.id }, 'The same passphrase again'),
    isNew && second,
    fault,
    h('button', { class: 'button primary' }, isNew ? 'Make the vault' : 'Unlock'),
    h(
      'p',
      { class: 'small muted' },
      'The console keeps it in memory until it ends, and shows it to no one.',
    ),
  );
}

function passwordField(id: string, autocomplete: string): HTMLInputElement {
  return h('input', { type: 'password', id, autocomplete, required: true, class: 'input' });
}
