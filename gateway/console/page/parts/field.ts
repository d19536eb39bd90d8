import { type Child, h } from '../dom.ts';
import { run } from './action.ts';

let count = 0;

export interface FieldOptions {
  readonly type?: 'text' | 'password' | 'url' | 'number';
  readonly hint?: Child;
  readonly value?: string;
  readonly placeholder?: string;
  readonly required?: boolean;
  readonly rows?: number;
  readonly autocomplete?: string;
  readonly choices?: readonly (readonly [string, string])[];
}

export type Input = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

/** A label, its input, and what there is to know about it. */
export function field(
  label: Child,
  options: FieldOptions = {},
): { readonly element: HTMLElement; readonly input: Input } {
  count += 1;
  const id = `field-${count}`;
  const { hint, type = 'text', value, placeholder, required, rows, autocomplete = 'off' } = options;
  const common = {
    id,
    class: 'input',
    required,
    'aria-describedby': hint ? `${id}-hint` : undefined,
  };
  const input: Input = options.choices
    ? h(
        'select',
        common,
        options.choices.map(([choice, text]) =>
          h('option', { value: choice, selected: choice === value }, text),
        ),
      )
    : rows
      ? h('textarea', { ...common, rows, placeholder, spellcheck: 'false' }, value)
      : h('input', { ...common, type, value, placeholder, autocomplete, spellcheck: 'false' });
  return {
    input,
    element: h(
      'div',
      { class: 'field' },
      h('label', { for: id }, label, required && h('span', { class: 'req' }, ' required')),
      hint && h('p', { class: 'hint', id: `${id}-hint` }, hint),
      input,
    ),
  };
}

/** A switch with a label. */
export function check(
  label: Child,
  options: {
    readonly checked?: boolean;
    readonly id?: string;
    readonly onchange?: () => void;
  } = {},
): { readonly element: HTMLElement; readonly input: HTMLInputElement } {
  const { checked, id, onchange } = options;
  const input = h('input', { type: 'checkbox', checked, id, onchange });
  return { input, element: h('label', { class: 'check' }, input, h('span', {}, label)) };
}

/** A form that does its work without a reload; what goes wrong is shown above its buttons. */
export function form(
  content: Child,
  submit: string,
  work: () => Promise<void>,
  more: Child = undefined,
): HTMLFormElement {
  const faults = h('div', { class: 'faults' });
  const button = h('button', { type: 'submit', class: 'button primary' }, submit);
  return h(
    'form',
    {
      class: 'fields',
      onsubmit: (event) => {
        event.preventDefault();
        void run(button, work, faults);
      },
    },
    content,
    faults,
    h('div', { class: 'buttons' }, button, more),
  );
}
