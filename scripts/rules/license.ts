import parse from 'spdx-expression-parse';
import { show } from '../registry/show.ts';
import { entryRule } from './rule.ts';

const PROPRIETARY = 'LicenseRef-Proprietary';

/** The license is an SPDX expression without what catalog.yaml denies. */
export const license = entryRule('license', function* ({ server, config }) {
  const { entry, source } = server;
  const ids = licenseIds(entry.license);
  if (!ids) {
    yield {
      in: source,
      at: ['license'],
      fact: `${show(entry.license)} is not an SPDX license expression`,
      remedy: `write an id of spdx.org/licenses such as MIT or Apache-2.0, or ${PROPRIETARY} for a service without published code`,
    };
    return;
  }
  const unknown = ids.find((id) => id.startsWith('LicenseRef-') && id !== PROPRIETARY);
  if (unknown) {
    yield {
      in: source,
      at: ['license'],
      fact: `${show(unknown)} names a license that only its author knows`,
      remedy: `use an id of spdx.org/licenses, or ${PROPRIETARY}`,
    };
  }
  for (const denied of config?.licenses?.denied ?? []) {
    if (!ids.some((id) => id.toLowerCase() === denied.toLowerCase())) continue;
    yield {
      in: source,
      at: ['license'],
      fact: `this catalog does not take servers under ${denied}`,
      remedy: 'see licenses.denied in catalog.yaml',
    };
  }
});

/** Ids in an SPDX expression, `GPL-2.0+` without its plus; undefined when it is none. */
function licenseIds(expression: string): string[] | undefined {
  try {
    return idsOf(parse(expression));
  } catch {
    return undefined;
  }
}

function idsOf(node: ReturnType<typeof parse>): string[] {
  return 'license' in node ? [node.license] : [...idsOf(node.left), ...idsOf(node.right)];
}
