import { JSON_SCHEMA, load, YAMLException } from 'js-yaml';
import { messageOf } from '../../core/errors.ts';
import type { Finding } from './finding.ts';
import { findingAt } from './source-file.ts';

/**
 * Reads one YAML document into plain data, as JSON would hold it: no dates, no `yes` and `no`, no
 * aliases, no merge keys, no tags. Text that is not such a document gives a finding instead.
 *
 * Aliases are refused altogether: a few lines of them expand to gigabytes, and a reviewer must see
 * what an entry says where it says it.
 */
export function parseYaml(path: string, text: string): { data: unknown } | { finding: Finding } {
  try {
    return { data: load(text, { schema: JSON_SCHEMA, maxAliases: 0, maxDepth: 40 }) };
  } catch (error) {
    const exception = error instanceof YAMLException ? error : undefined;
    const reason = exception?.reason ?? messageOf(error);
    const place = exception?.mark
      ? { line: exception.mark.line + 1, column: exception.mark.column + 1 }
      : { line: 1, column: 1 };
    return { finding: findingAt(path, place, { rule: 'yaml', ...explain(reason) }) };
  }
}

const EXPLANATIONS: readonly (readonly [RegExp, string, string])[] = [
  [
    /duplicated mapping key/,
    'this key stands twice in the same mapping',
    'keep one of them; readers would silently lose the other',
  ],
  [/tab characters/, 'a tab is used for indentation', 'indent with two spaces'],
  [
    /maxAliases/,
    'an alias (*name) is used',
    'write the value out where it is needed; aliases hide what an entry says',
  ],
  [
    /unknown .* tag/,
    'a tag (!name) is used',
    'remove the tag; entries hold plain text, numbers, booleans, lists and mappings',
  ],
  [
    /single document/,
    'the file holds several YAML documents',
    'keep one entry in a file and remove the --- lines',
  ],
  [/input is empty/, 'the file is empty', 'start from registry/README.md'],
  [
    /null byte|non-printable/,
    'the file holds control characters',
    'remove them; an editor shows them when it displays whitespace',
  ],
  [/maxDepth/, 'the nesting is deeper than 40 levels', 'flatten it'],
  [
    /complex keys/,
    'a key is a list or a mapping',
    'write plain text keys; quote a value that starts with { or [',
  ],
  [
    /bad indentation of a mapping entry/,
    'YAML finds a second ": " or a wrong indentation here',
    'quote the text, or indent the key like its neighbours',
  ],
];

function explain(reason: string): { fact: string; remedy: string } {
  for (const [pattern, fact, remedy] of EXPLANATIONS) {
    if (pattern.test(reason)) return { fact, remedy };
  }
  return {
    fact: `this is not YAML: ${reason}`,
    remedy: 'correct the line; an editor with a YAML mode shows what it takes it for',
  };
}
