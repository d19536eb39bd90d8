import { suggest } from '../registry/suggest.ts';
import type { RegistryRule } from './rule.ts';

/** A replacement is another entry of the catalog that one can really switch to. */
export const replacement: RegistryRule = {
  name: 'replacement',
  scope: 'registry',
  *check({ subjects, index, sourceOf }) {
    for (const { name, replacement: wanted } of subjects) {
      if (wanted === undefined) continue;
      const source = sourceOf(name);
      const found = index.find((candidate) => candidate.name === wanted);
      const at = ['status', 'replacement'];
      if (wanted === name) {
        yield { in: source, at, fact: 'the entry replaces itself', remedy: 'name another entry' };
      } else if (!found) {
        const near = suggest(
          wanted,
          index.map((candidate) => candidate.name),
        );
        yield {
          in: source,
          at,
          fact: `there is no entry "${wanted}"`,
          remedy: near ? `did you mean ${near}?` : 'name an entry of this catalog, or remove it',
        };
      } else if (found.state === 'withdrawn') {
        yield {
          in: source,
          at,
          fact: `${wanted} is withdrawn itself`,
          remedy: 'name an active entry',
        };
      }
    }
  },
};
