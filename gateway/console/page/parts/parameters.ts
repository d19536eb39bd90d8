import type { ParameterView } from '../../api/profiles.ts';
import { type Child, h } from '../dom.ts';
import { field, type Input } from './field.ts';

/** A form of the parameters' JSON Schema. */
export interface ParameterForm {
  readonly element: Child;
  /** What was filled in, as texts; and what was emptied. */
  read(): {
    readonly parameters: Readonly<Record<string, string>>;
    readonly unset: readonly string[];
  };
}

export function parameterForm(parameters: readonly ParameterView[]): ParameterForm {
  const inputs = parameters.map((parameter) => ({ parameter, ...inputOf(parameter) }));
  return {
    element: inputs.map(({ element }) => element),
    read() {
      const given = inputs.map(({ parameter, input }) => [parameter, input.value] as const);
      return {
        parameters: Object.fromEntries(
          given
            .filter(([, value]) => value.trim() !== '')
            .map(([{ name }, value]) => [name, value]),
        ),
        unset: given
          .filter(([{ value: before }, value]) => value.trim() === '' && before !== undefined)
          .map(([{ name }]) => name),
      };
    },
  };
}

function inputOf(parameter: ParameterView): {
  readonly element: HTMLElement;
  readonly input: Input;
} {
  const { name, title, type, description, required, enum: choices, examples, value } = parameter;
  const standard = parameter.default;
  const unset = standard === undefined ? 'not set' : `default: ${textOf(standard)}`;
  const common = {
    required: required && standard === undefined,
    hint: [description, type === 'array' && ' One on each line.'],
    ...(value !== undefined && { value: textOf(value) }),
  };
  const label: Child = title ? [title, ' ', h('code', {}, name)] : h('code', {}, name);
  if (choices || type === 'boolean') {
    const values = choices?.map(String) ?? ['true', 'false'];
    return field(label, {
      ...common,
      choices: [['', unset], ...values.map((one) => [one, one] as const)],
    });
  }
  const example = standard ?? examples?.[0];
  return field(label, {
    ...common,
    ...(type === 'array' && { rows: 3 }),
    ...(example !== undefined && { placeholder: textOf(example) }),
  });
}

function textOf(value: unknown): string {
  return Array.isArray(value) ? value.map(String).join('\n') : String(value);
}
