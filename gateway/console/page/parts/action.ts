import { Refusal } from '../api.ts';
import { type Child, h, prose } from '../dom.ts';
import { unlockForm } from './unlock.ts';

/** What went wrong, where it happened, with the remedy that the message names. */
export function problem(error: unknown, retry?: () => void): HTMLElement {
  const failure = error instanceof Refusal ? error.failure : undefined;
  const text = failure?.message ?? (error instanceof Error ? error.message : String(error));
  const isLocked = failure?.code === 'VAULT_LOCKED' || failure?.code === 'VAULT_KEY_WRONG';
  return h(
    'div',
    { class: 'notice bad', role: 'alert' },
    h('p', {}, prose(sentence(text))),
    failure && h('p', { class: 'small muted' }, `${failure.kind}: ${failure.code}`),
    isLocked && retry && unlockForm(failure.code === 'VAULT_LOCKED' && isNew(text), retry),
  );
}

function isNew(text: string): boolean {
  return text.startsWith('there is no keychain');
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

interface ActionOptions {
  readonly class?: string;
  readonly id?: string;
  /** For screen readers, when the text alone does not say what it is about. */
  readonly label?: string;
  readonly disabled?: boolean;
}

/**
 * A button that does something which takes a while. It cannot be pressed twice, and what goes wrong
 * is shown in `place`, or below the button.
 */
export function action(
  text: Child,
  work: () => Promise<void>,
  options: ActionOptions = {},
  place?: HTMLElement,
): HTMLElement {
  const faults = place ?? h('div', { class: 'faults' });
  const button = h(
    'button',
    {
      type: 'button',
      class: options.class ?? 'button',
      id: options.id,
      'aria-label': options.label,
      disabled: options.disabled,
      onclick: () => void run(button, work, faults),
    },
    text,
  );
  return place ? button : h('div', { class: 'action' }, button, faults);
}

/** Runs work on behalf of a button. */
export async function run(
  button: HTMLButtonElement,
  work: () => Promise<void>,
  faults: HTMLElement,
): Promise<void> {
  if (button.getAttribute('aria-busy') === 'true') return;
  button.setAttribute('aria-busy', 'true');
  faults.replaceChildren();
  try {
    await work();
  } catch (error) {
    faults.replaceChildren(problem(error, () => void run(button, work, faults)));
  } finally {
    button.removeAttribute('aria-busy');
  }
}
