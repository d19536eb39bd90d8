/**
 * `npm run new -- SOURCE [options]`: makes an entry from a package name, an image reference, a
 * https URL, github:OWNER/REPO, a server.json file or a folder of Docker's registry. Fetches what
 * can be fetched, asks for the rest at a terminal, records the tools, validates, and says what is
 * left to do.
 *
 *   --name, --title, --description, --license, --publisher, --publisher-url, --category ID ...
 *   --allow HOST:PORT ...   hosts that the server may reach
 *   --yes                   ask nothing
 *   --no-capture            do not run the server
 *   --registry DIR          another registry than registry/
 */
import { parseArgs } from 'node:util';
import { PortolanError } from '../core/errors.ts';
import { command } from './contribute/command.ts';
import { defaultRegistry } from './contribute/entry-files.ts';
import { makeEntry } from './contribute/new/make-entry.ts';

await command(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    allowNegative: true,
    options: {
      name: { type: 'string' },
      title: { type: 'string' },
      description: { type: 'string' },
      license: { type: 'string' },
      publisher: { type: 'string' },
      'publisher-url': { type: 'string' },
      category: { type: 'string', multiple: true },
      allow: { type: 'string', multiple: true },
      yes: { type: 'boolean', short: 'y' },
      capture: { type: 'boolean', default: true },
      registry: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const [source] = positionals;
  if (!source || positionals.length > 1 || values.help) {
    throw new PortolanError(
      'usage',
      'USAGE',
      "usage: npm run new -- SOURCE [--name NAME] [--category ID] [--yes] [--no-capture]; SOURCE is a package name, an image reference, a https URL, github:OWNER/REPO, a server.json file or a folder of Docker's registry",
    );
  }
  const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const { publisher, 'publisher-url': publisherUrl, category, allow, ...rest } = values;
  const { valid, text } = await makeEntry(source, {
    registry: values.registry ?? defaultRegistry,
    interactive: isTerminal && !values.yes,
    capture: values.capture,
    given: {
      ...texts(rest, ['name', 'title', 'description', 'license']),
      ...(category ? { categories: category } : {}),
      ...(publisher && publisherUrl ? { publisher: { name: publisher, url: publisherUrl } } : {}),
      ...(allow ? { permissions: { network: { allow } } } : {}),
    },
    progress: (line) => console.error(line),
  });
  console.log(text);
  if (!valid) process.exitCode = 1;
});

function texts<Key extends string>(
  values: Readonly<Record<string, unknown>>,
  keys: readonly Key[],
): Partial<Record<Key, string>> {
  return Object.fromEntries(
    keys.flatMap((key) => (typeof values[key] === 'string' ? [[key, values[key]]] : [])),
  ) as Partial<Record<Key, string>>;
}
