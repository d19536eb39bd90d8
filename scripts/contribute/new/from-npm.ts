import type { CatalogConfig } from '../../../core/entry/types.generated.ts';
import { PortolanError } from '../../../core/errors.ts';
import { npm } from '../npm-cli.ts';
import { npmFacts, serverBin } from '../npm-facts.ts';
import {
  categoriesFrom,
  type Draft,
  type Drafted,
  descriptionFrom,
  licenseFrom,
  nameFrom,
  publisherFrom,
  repositoryUrl,
  tagsFrom,
  titleFrom,
} from './draft.ts';
import { settingsFromReadme } from './readme-settings.ts';

/** Drafts an entry from what the npm registry says of a package (`NAME`, `NAME@VERSION`). */
export async function fromNpm(spec: string, config: CatalogConfig): Promise<Drafted> {
  const facts = await npmFacts(spec);
  if (facts.deprecated) {
    throw new PortolanError(
      'forbidden',
      'PACKAGE_DEPRECATED',
      `${facts.name}@${facts.version} is deprecated by its publisher (${facts.deprecated}); take the package that it recommends`,
    );
  }
  const notes: string[] = [];
  const name = nameFrom(facts.name);
  const repository = repositoryUrl(facts.repository?.url);
  const license = await licenseFrom(facts.license);
  if (!license) notes.push(`license: package.json says ${JSON.stringify(facts.license ?? null)}`);
  const bin = serverBin(facts);
  if (bin) notes.push(`npm.bin: chose ${bin} of ${Object.keys(facts.bin).join(', ')}`);
  const directory = facts.repository?.directory;
  const homepage = facts.homepage?.startsWith('https://') ? facts.homepage : undefined;
  const isReadme = homepage?.includes('#readme');
  const source = repository && directory ? `${repository}/tree/HEAD/${directory}` : repository;
  const draft: Draft = {
    name,
    version: '1.0.0',
    title: titleFrom(name),
    categories: categoriesFrom(facts.keywords, config),
    tags: tagsFrom(facts.keywords),
    links: {
      ...(source ? { source } : {}),
      ...(homepage && !isReadme ? { homepage } : {}),
      ...(homepage && isReadme ? { documentation: homepage } : {}),
    },
    npm: {
      package: facts.name,
      version: facts.version,
      integrity: facts.integrity,
      ...(bin ? { bin } : {}),
    },
    permissions: { network: 'none' },
    tools: 'static',
  };
  const description = descriptionFrom(facts.description);
  if (description) {
    draft.description = description;
    notes.push("description: it is the package's own; say in your words what a user gets");
  }
  if (license) draft.license = license;
  const publisher = publisherFrom(repository) ?? publisherOf(facts.author, homepage);
  if (publisher) draft.publisher = publisher;
  if (repository) {
    draft.source = {
      repository,
      ...(/^[0-9a-f]{40}$/.test(facts.gitHead ?? '') ? { commit: facts.gitHead as string } : {}),
      ...(directory ? { subfolder: directory } : {}),
    };
  }
  const settings = settingsFromReadme(await readmeOf(facts.name));
  notes.push(
    ...settings.notes,
    'permissions.network: none, until you name the hosts that the server calls',
  );
  return { draft: { ...draft, ...settings.draft }, notes };
}

function publisherOf(author: string | undefined, homepage: string | undefined) {
  return author && homepage ? { name: author, url: new URL(homepage).origin } : undefined;
}

/** The registry keeps the readme of the newest version only, which is good enough to ask from. */
async function readmeOf(name: string): Promise<string> {
  const text = await npm(['view', '--json', '--', name, 'readme']);
  const value: unknown = text.trim() === '' ? '' : JSON.parse(text);
  return typeof value === 'string' ? value : '';
}
