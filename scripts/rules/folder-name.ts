import { show } from '../registry/show.ts';
import { entryRule } from './rule.ts';

/** The folder is named as the entry, so that a path tells which server it is about. */
export const folderName = entryRule('folder-name', function* ({ server }) {
  const { name, entry, source } = server;
  if (entry.name !== name) {
    yield {
      in: source,
      at: ['name'],
      fact: `the name is ${show(entry.name)} but the folder is ${show(name)}`,
      remedy: 'make them equal',
    };
  }
});
