import { type Child, h } from '../dom.ts';

let count = 0;

export interface OpenDialog {
  readonly element: HTMLDialogElement;
  close(): void;
}

/**
 * A question on top of the page. The browser keeps the focus in it, Escape closes it, and the focus
 * goes back to where it was.
 */
export function openDialog(
  title: string,
  content: (dialog: OpenDialog) => Child,
  options: { readonly wide?: boolean; readonly onClose?: () => void } = {},
): OpenDialog {
  count += 1;
  const id = `dialog-${count}`;
  const before = document.activeElement;
  const element = h('dialog', {
    'aria-labelledby': id,
    class: options.wide ? 'wide' : '',
    onclose: () => {
      element.remove();
      options.onClose?.();
      if (before instanceof HTMLElement) before.focus();
    },
  });
  const dialog = { element, close: () => element.close() };
  element.append(
    h(
      'div',
      { class: 'dialog-head' },
      h('h2', { id }, title),
      h(
        'button',
        { type: 'button', class: 'icon-button', 'aria-label': 'Close', onclick: dialog.close },
        '✕',
      ),
    ),
  );
  const body = h('div', { class: 'dialog-body' });
  const made = content(dialog);
  for (const child of Array.isArray(made) ? made : [made]) if (child) body.append(child as Node);
  element.append(body);
  document.body.append(element);
  element.showModal();
  return dialog;
}

/** Asks before something that cannot be taken back. */
export function confirmDialog(
  title: string,
  text: Child,
  button: HTMLElement,
  onClose?: () => void,
): OpenDialog {
  return openDialog(
    title,
    (dialog) => [
      h('p', {}, text),
      h(
        'div',
        { class: 'buttons' },
        button,
        h('button', { type: 'button', class: 'button', onclick: dialog.close }, 'Cancel'),
      ),
    ],
    onClose ? { onClose } : {},
  );
}
