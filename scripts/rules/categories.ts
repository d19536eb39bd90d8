import { suggest } from '../registry/suggest.ts';
import { entryRule } from './rule.ts';

/** Categories are those of catalog.yaml, so that "ai" and "ai-ml" cannot live side by side. */
export const categories = entryRule('categories', function* ({ server, config }) {
  if (!config) return;
  const known = config.categories.map(({ id }) => id);
  for (const [index, category] of server.entry.categories.entries()) {
    if (known.includes(category)) continue;
    const near = suggest(category, known);
    yield {
      in: server.source,
      at: ['categories', index],
      fact: `there is no category "${category}" in catalog.yaml`,
      remedy: near ? `did you mean ${near}?` : `choose from ${known.join(', ')}`,
    };
  }
});
