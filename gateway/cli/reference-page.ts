import type { Command } from 'commander';
import { EXIT_CODES, helpOf } from './help.ts';
import { createProgram, describeOption } from './program.ts';

/** docs/reference/cli.md: every command, out of the tree that the command line itself is made of. */
export function cliReference(program: Command = createProgram()): string {
  const commands = leavesOf(program, []);
  const parts = [
    '# Commands',
    '<!-- Made from gateway/cli by `npm run reference`; edit the commands instead. -->',
    'Every command that ends by itself takes `--json`; [errors.md](../errors.md#json) says what it prints when something fails.',
    [
      '| exit code | meaning |',
      '| --- | --- |',
      ...Object.entries(EXIT_CODES).map(([code, meaning]) => `| ${code} | ${meaning} |`),
    ].join('\n'),
    ...commands.flatMap(([name, command]) => section(name, command)),
  ];
  return `${parts.join('\n\n')}\n`;
}

function leavesOf(command: Command, words: readonly string[]): [string, Command][] {
  const own = [...words, command.name()];
  if (command.commands.length === 0) return [[own.join(' '), command]];
  return command.commands.flatMap((one) => leavesOf(one, own));
}

function section(name: string, command: Command): string[] {
  const help = helpOf(command);
  const argumentRows = command.registeredArguments.map((one) => {
    const shown = one.variadic ? `${one.name()}...` : one.name();
    const choices = one.argChoices ? ` (choices: ${one.argChoices.join(', ')})` : '';
    return [one.required ? `<${shown}>` : `[${shown}]`, `${one.description}${choices}`];
  });
  const options = command.options
    .filter(({ hidden }) => !hidden)
    .map((option) => [option.flags, describeOption(option)]);
  const exits = Object.entries(help?.exits ?? {});
  return [
    `## ${name}`,
    prose(command.description()),
    `\`\`\`\n${name} ${command.usage()}\n\`\`\``,
    ...rows('argument', argumentRows),
    ...rows('option', options),
    ...(help?.notes ? [prose(help.notes)] : []),
    ...(help ? [examples(help.examples)] : []),
    ...(exits.length > 0
      ? [`Exit codes: ${exits.map(([code, meaning]) => `${code}: ${meaning}`).join('; ')}.`]
      : []),
  ];
}

function rows(what: string, entries: readonly (readonly string[])[]): string[] {
  if (entries.length === 0) return [];
  return [
    [
      `| ${what} | meaning |`,
      '| --- | --- |',
      ...entries.map(
        ([name = '', meaning = '']) => `| ${cell(`\`${name}\``)} | ${cell(meaning)} |`,
      ),
    ].join('\n'),
  ];
}

function cell(text: string): string {
  return prose(text).replaceAll('|', '\\|');
}

/** Placeholders such as <name> are text, not HTML; in code they are so already. */
function prose(text: string): string {
  return text.replaceAll(/(`[^`]*`)|</g, (_, code?: string) => code ?? '\\<');
}

function examples(list: readonly (readonly [string, string])[]): string {
  return `\`\`\`sh\n${list.map(([what, line]) => `# ${what}\n${line}`).join('\n')}\n\`\`\``;
}

if (import.meta.main) process.stdout.write(cliReference());
