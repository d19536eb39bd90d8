import { lockfileFaults } from '../../core/isolation/npm-lockfile.ts';
import { visible } from '../registry/show.ts';
import { entryRule } from './rule.ts';

/**
 * An npm entry has the lockfile of exactly the package that it names, and nothing in it can make
 * npm fetch bytes that no hash vouches for.
 */
export const npmLock = entryRule('npm-lock', function* ({ server }) {
  const { entry, source, lock, name } = server;
  if (!entry.npm) {
    if (lock) {
      yield {
        in: lock.source,
        fact: 'only an npm entry has a lockfile',
        remedy: 'remove the file',
      };
    }
    return;
  }
  if (!lock) {
    yield {
      in: source,
      at: ['npm'],
      fact: 'there is no package-lock.json beside the entry',
      remedy: `run npm run lock -- ${name}`,
    };
    return;
  }
  for (const { at, fact } of lockfileFaults(entry, lock.bytes)) {
    yield { in: lock.source, at, fact: visible(fact), remedy: `run npm run lock -- ${name}` };
  }
});
