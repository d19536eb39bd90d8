import type { DataPath } from '../registry/finding.ts';
import type { LoadedServer } from '../registry/load.ts';
import type { SourceFile } from '../registry/source-file.ts';

/** Where a text is. */
export interface TextPlace {
  readonly in: SourceFile;
  readonly at: DataPath;
  /** The text is a key. */
  readonly key: boolean;
}

/** Called for each text; `place` is only worked out when it is asked for. */
export type TextVisitor = (text: string, place: () => TextPlace) => void;

/**
 * Visits every text and key of server.yaml and tools.json, and the readme: what models and people
 * read. A registry has millions of them, which is why this is no generator of objects.
 */
export function visitTexts(server: LoadedServer, visit: TextVisitor): void {
  const { source, data, tools, readme } = server;
  if (source) walk(source, data, visit);
  if (tools) walk(tools.source, tools.data, visit);
  if (readme) visit(readme.source.text, () => ({ in: readme.source, at: [], key: false }));
}

function walk(source: SourceFile, data: unknown, visit: TextVisitor): void {
  const path: (string | number)[] = [];
  const place = (key: boolean) => () => ({ in: source, at: [...path], key });
  const [asKey, asValue] = [place(true), place(false)];
  const enter = (value: unknown): void => {
    if (typeof value === 'string') {
      visit(value, asValue);
    } else if (Array.isArray(value)) {
      for (let index = 0; index < value.length; index += 1) {
        path.push(index);
        enter(value[index]);
        path.pop();
      }
    } else if (typeof value === 'object' && value !== null) {
      for (const key of Object.keys(value)) {
        path.push(key);
        visit(key, asKey);
        enter((value as Record<string, unknown>)[key]);
        path.pop();
      }
    }
  };
  enter(data);
}
