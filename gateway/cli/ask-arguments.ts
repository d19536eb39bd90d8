import { isCancel, select, text } from '@clack/prompts';
import { PortolanError } from '../../core/errors.ts';
import { visible } from '../relay/render-diff.ts';
import { describeInput, type Input } from './tool-arguments.ts';

/** Asks at a terminal for inputs of a tool. Throws `forbidden` / `CANCELLED` on Ctrl-C. */
export async function askArguments(
  missing: readonly Input[],
): Promise<Readonly<Record<string, string>>> {
  const values: Record<string, string> = {};
  for (const input of missing) {
    const message = `${visible(describeInput(input))}${input.description ? `: ${visible(input.description.split('\n')[0] ?? '')}` : ''}`;
    const choices =
      input.choices.length > 0
        ? input.choices.map(String)
        : input.types.length === 1 && input.types[0] === 'boolean'
          ? ['true', 'false']
          : [];
    const answer =
      choices.length > 0
        ? await select({
            message,
            options: choices.map((value) => ({ value, label: visible(value) })),
            output: process.stderr,
          })
        : await text({ message, output: process.stderr });
    if (isCancel(answer)) throw new PortolanError('forbidden', 'CANCELLED', 'cancelled');
    values[input.name] = String(answer ?? '');
  }
  return values;
}
