import type { Argument, Command, Option } from 'commander';
import type { Names } from './names.ts';

/** A word that may stand here. */
export interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** What may stand in the place of the last word; `files` lets the shell offer paths as well. */
export interface Completion {
  readonly candidates: readonly Candidate[];
  readonly files: boolean;
}

/**
 * Completes the last of `words`, which follow `portolan`. Everything but names comes out of the
 * tree of commands, so that a new command or option is completed without more.
 */
export async function completeWords(
  program: Command,
  words: readonly string[],
  names: Names,
): Promise<Completion> {
  const last = words.at(-1) ?? '';
  const place = placeOf(program, words.slice(0, -1));
  const { command, pending, positions, rest } = place;
  const inline = /^(--[a-z-]+)=(.*)$/.exec(last);
  if (inline && !rest) {
    const option = command.options.find(({ long }) => long === inline[1]);
    const values = option ? await valuesOf(option, inline[2] ?? '', names) : NOTHING;
    return {
      ...values,
      candidates: matching(
        values.candidates.map(({ value, description }) => ({
          value: `${inline[1]}=${value}`,
          description,
        })),
        last,
      ),
    };
  }
  if (pending) {
    const values = await valuesOf(pending, last, names);
    return { ...values, candidates: matching(values.candidates, last) };
  }
  if (last.startsWith('-') && !rest) {
    return { candidates: matching(optionsOf(command), last), files: false };
  }
  if (command.commands.length > 0) {
    return { candidates: matching(commandsOf(command), last), files: false };
  }
  const argument =
    command.registeredArguments[positions.length] ??
    command.registeredArguments.findLast(({ variadic }) => variadic);
  const values = argument ? await argumentValues(command, argument, positions, names) : NOTHING;
  return { ...values, candidates: matching(values.candidates, last) };
}

const NOTHING: Completion = { candidates: [], files: false };

interface Place {
  readonly command: Command;
  /** An option whose value comes next. */
  readonly pending: Option | undefined;
  /** Arguments before the last word. */
  readonly positions: readonly string[];
  /** After `--` there are no options any more. */
  readonly rest: boolean;
}

function placeOf(program: Command, words: readonly string[]): Place {
  let command = program;
  let pending: Option | undefined;
  let rest = false;
  const positions: string[] = [];
  for (const word of words) {
    if (pending) {
      pending = undefined;
    } else if (rest || !word.startsWith('-') || word === '-') {
      const sub = positions.length === 0 && command.commands.find((one) => isNamed(one, word));
      if (sub) command = sub;
      else positions.push(word);
    } else if (word === '--') {
      rest = true;
    } else {
      const option = command.options.find(({ long, short }) => long === word || short === word);
      pending = option?.required ? option : undefined;
    }
  }
  return { command, pending, positions, rest };
}

function isNamed(command: Command, word: string): boolean {
  return command.name() === word || command.aliases().includes(word);
}

function optionsOf(command: Command): readonly Candidate[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ long, description }) => (long ? [{ value: long, description }] : []));
}

function commandsOf(command: Command): readonly Candidate[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .map((one) => ({ value: one.name(), description: one.summary() || one.description() }));
}

/** What an option takes, by its choices or by what its placeholder calls it. */
async function valuesOf(option: Option, text: string, names: Names): Promise<Completion> {
  const { argChoices, flags, long } = option;
  if (argChoices) return words(argChoices);
  if (long === '--servers') {
    // `--servers a,b`: what stands before the last comma stays.
    const before = text.slice(0, text.lastIndexOf(',') + 1);
    const servers = await names.servers();
    return {
      candidates: servers.map((one) => ({ ...one, value: before + one.value })),
      files: false,
    };
  }
  if (long === '--catalog') return { candidates: await names.catalogs(), files: true };
  if (long === '--profile') return { candidates: await names.profiles(), files: true };
  if (long === '--set' || long === '--unset')
    return { candidates: await names.parameters(), files: false };
  return { candidates: [], files: /<[^>]*\b(file|folder|path)\b/.test(flags) };
}

async function argumentValues(
  command: Command,
  argument: Argument,
  positions: readonly string[],
  names: Names,
): Promise<Completion> {
  if (argument.argChoices) return words(argument.argChoices);
  const [server = '', tool = ''] = positions;
  const list = async (candidates: Promise<readonly Candidate[]>, files = false) => ({
    candidates: await candidates,
    files,
  });
  switch (argument.name()) {
    case 'server':
    case 'servers':
    case 'server|pid':
      return list(names.servers());
    case 'client':
    case 'clients':
      return list(names.clients());
    case 'tool':
    case 'tools':
      return list(names.tools(server));
    case 'arguments':
      return command.parent?.name() === 'tools' ? list(names.inputs(server, tool)) : NOTHING;
    case 'server.name':
      return list(names.secrets());
    case 'settings':
      return list(names.parameters());
    case 'token-name':
      return list(names.tokens());
    case 'name|path':
      return list(names.profiles(), true);
    case 'name':
    case 'name|source':
      return command.parent?.name() === 'catalog' ? list(names.catalogs()) : NOTHING;
    default:
      return { candidates: [], files: /file|path|folder|source/.test(argument.name()) };
  }
}

function words(values: readonly string[]): Completion {
  return { candidates: values.map((value) => ({ value, description: '' })), files: false };
}

function matching(candidates: readonly Candidate[], start: string): readonly Candidate[] {
  return candidates.filter(({ value }) => value.startsWith(start));
}
