import { autocomplete } from '@clack/prompts';
import { cutText } from '../../core/text.ts';
import type { CatalogSet } from '../catalog/catalog-set.ts';
import { searchCatalog } from '../catalog/search.ts';
import { answered } from '../cli/answered.ts';
import { visible } from '../relay/render-diff.ts';

/** Asks for a server of the catalogs, which are searched while one types; gives its name. */
export function chooseServer(
  catalogs: Pick<CatalogSet, 'all'>,
  taken: readonly string[],
): Promise<string> {
  const items = catalogs.all();
  return answered(
    autocomplete<string>({
      message: 'Which server? Type what it should be able to do',
      placeholder: 'browser, postgres, documentation ...',
      maxItems: 8,
      options() {
        return searchCatalog(items, [this.userInput]).map(({ server: { name, summary } }) => ({
          value: name,
          label: taken.includes(name) ? `${name} (in your profile)` : name,
          hint: visible(shortened(summary.description)),
        }));
      },
      // The search has chosen and ranked already.
      filter: () => true,
    }),
  );
}

function shortened(text: string): string {
  return text.length <= 80 ? text : `${cutText(text, 79)}…`;
}
