import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';

/** The page with the shapes of `--json`: TypeScript that a reader sees and the compiler checks. */
export interface JsonPage {
  /** Name of the type by command, e.g. `ProfileLs` by `profile ls`. */
  readonly types: ReadonlyMap<string, string>;
  /**
   * What is wrong with outputs: a field that is missing, of another type, or not on the page.
   * `type` is a name of the page, `json` what a command printed.
   */
  faults(outputs: readonly { readonly type: string; readonly json: string }[]): readonly string[];
}

const FILE = resolve('test/cli/json-page.checked.ts');

export function readJsonPage(path = 'docs/reference/json.md'): JsonPage {
  const text = readFileSync(path, 'utf8');
  const blocks = [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, block]) => block);
  const types = new Map(
    [...text.matchAll(/^### `portolan ([^`]+)`\n\n```ts\n([\s\S]*?)^```$/gm)].map(
      ([, command = '', block = '']) =>
        [command, /^type (\w+)/m.exec(block)?.[1] ?? 'no type'] as const,
    ),
  );
  const declarations = [
    "import type { Policy, Profile, ProfileServer, ServerEntry as Entry } from '../../core/entry/types.generated.ts';",
    ...blocks,
  ].join('\n');
  return {
    types,
    faults(outputs) {
      // Only literals that are written out are checked for fields that are too many.
      const values = outputs.map(({ type, json }, index) => {
        return `export const output${index}: ${type} = ${json.trim()};`;
      });
      return compile(`${declarations}\n${values.join('\n')}\n`);
    },
  };
}

function compile(source: string): readonly string[] {
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    allowImportingTsExtensions: true,
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (file) => file === FILE || fileExists(file);
  host.readFile = (file) => (file === FILE ? source : readFile(file));
  host.getSourceFile = (file, ...rest) =>
    file === FILE
      ? ts.createSourceFile(file, source, ts.ScriptTarget.ES2023)
      : getSourceFile(file, ...rest);
  const program = ts.createProgram([FILE], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ messageText, start, file }) => {
    const line = file && start !== undefined ? file.getLineAndCharacterOfPosition(start).line : 0;
    const around = file?.text.split('\n')[line] ?? '';
    return `${ts.flattenDiagnosticMessageText(messageText, '\n')}\n    at: ${around.slice(0, 200)}`;
  });
}
