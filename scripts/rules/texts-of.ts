import type { DataPath } from '../registry/finding.ts';
import type { LoadedServer } from '../registry/load.ts';
import type { SourceFile } from '../registry/source-file.ts';

/** A text in a file of an entry. */
export interface PlacedText {
  readonly in: SourceFile;
  readonly at: DataPath;
  /** The text is a key. */
  readonly key: boolean;
  readonly text: string;
}

/** Every text and key of server.yaml and tools.json, and the readme: what models and people read. */
export function* textsOf(server: LoadedServer): Generator<PlacedText> {
  const { source, data, tools, readme } = server;
  if (source) yield* walk(source, [], data);
  if (tools) yield* walk(tools.source, [], tools.data);
  if (readme) yield { in: readme.source, at: [], key: false, text: readme.source.text };
}

function* walk(source: SourceFile, at: DataPath, value: unknown): Generator<PlacedText> {
  if (typeof value === 'string') {
    yield { in: source, at, key: false, text: value };
  } else if (Array.isArray(value)) {
    for (const [index, member] of value.entries()) yield* walk(source, [...at, index], member);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      const path = [...at, key];
      yield { in: source, at: path, key: true, text: key };
      yield* walk(source, path, member);
    }
  }
}
