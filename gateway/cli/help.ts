import type { Command } from 'commander';

/** What a command's help says besides its options. */
export interface Help {
  /** What it is for, in a few words, and the command line. */
  readonly examples: readonly (readonly [what: string, line: string])[];
  /** What is worth knowing, as a paragraph. */
  readonly notes?: string;
  /** Exit codes that mean something else here than they do elsewhere. */
  readonly exits?: Readonly<Record<number, string>>;
}

const known = new WeakMap<Command, Help>();

/** Adds examples, notes and exit codes to the help of a command. */
export function withHelp(command: Command, help: Help): Command {
  known.set(command, help);
  return command.addHelpText('after', () => `\n${textOf(help)}`);
}

/** What `withHelp` added to a command. */
export function helpOf(command: Command): Help | undefined {
  return known.get(command);
}

/** Exit codes of all commands; docs/errors.md explains them. */
export const EXIT_CODES: Readonly<Record<number, string>> = {
  0: 'it worked',
  1: 'something that was allowed to run did not work',
  2: 'the command line asks for something impossible',
  3: 'input is malformed',
  4: 'a network, registry, file or program did not answer',
  5: 'a digest or signature does not hold',
  6: 'nobody who is trusted signed it, or it is old',
  7: 'policy, permissions or you said no',
  70: 'a bug in Portolan',
};

function textOf({ notes, examples, exits }: Help): string {
  return [
    ...(notes ? [wrapped(notes), ''] : []),
    'Examples:',
    ...examples.flatMap(([what, line]) => [`  ${what}:`, `    ${line}`]),
    '',
    'Exit codes:',
    ...Object.entries({ ...EXIT_CODES, ...exits })
      .filter(([code]) => exits?.[Number(code)] || ['0', '1', '2'].includes(code))
      .map(([code, meaning]) => `  ${code.padEnd(3)} ${meaning}`),
    '  3 to 7, 70: as `portolan --help` lists them',
  ].join('\n');
}

/** What the help of `portolan` itself ends with. */
export function generalHelp(): string {
  return [
    '',
    'Exit codes:',
    ...Object.entries(EXIT_CODES).map(([code, meaning]) => `  ${code.padEnd(3)} ${meaning}`),
    '',
    'Environment:',
    '  NO_COLOR             no colours; they are on terminals only',
    '  PORTOLAN_HOME        one folder for configuration, cache and state',
    '  PORTOLAN_PASSPHRASE  opens the vault of secrets where nobody can be asked',
    '',
    '`portolan` alone, at a terminal, asks a few questions and sets up a first server.',
    'Commands that end by themselves take --json; errors are JSON then as well.',
    '`portolan help COMMAND` explains a command. Documentation:',
    '  https://portolan-mcp.github.io/portolan/docs/',
  ].join('\n');
}

function wrapped(text: string, width = 80): string {
  const lines = [''];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1) ?? '';
    if (last && last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = last ? `${last} ${word}` : word;
  }
  return lines.join('\n');
}
