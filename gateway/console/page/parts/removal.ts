import type { Child } from '../dom.ts';
import { h } from '../dom.ts';
import { action } from './action.ts';
import { confirmDialog } from './dialog.ts';

/** Asks before something is removed, removes it, and says in place what went wrong. */
export function confirmRemoval(
  question: string,
  consequence: Child,
  remove: () => Promise<unknown>,
  label = 'Remove it',
): void {
  const faults = h('div', { class: 'faults' });
  const dialog = confirmDialog(
    question,
    [consequence, faults],
    action(
      label,
      async () => {
        await remove();
        dialog.close();
      },
      { class: 'button danger' },
      faults,
    ),
  );
}
