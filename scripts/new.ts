/**
 * `npm run new -- SOURCE [options]`: makes an entry, fetches what can be fetched, asks for the rest
 * at a terminal, records the tools, validates, and says what is left to do.
 */
import { parseArgs } from 'node:util';
import { PortolanError } from '../core/errors.ts';
import { command } from './contribute/command.ts';
import { defaultRegistry } from './contribute/entry-files.ts';
import { makeEntry } from './contribute/new/make-entry.ts';

const USAGE = `usage: npm run new -- SOURCE [options]

SOURCE is a package name, an image reference, a https URL, github:OWNER/REPO, a server.json file or
a folder of Docker's registry; npm:, oci: or docker: before it says which.

  --name NAME              name of the entry
  --title TEXT
  --description TEXT       in your own words
  --category ID            may be repeated; the first one is the main one
  --license SPDX
  --publisher NAME --publisher-url URL
  --allow HOST:PORT        a host that the server may reach; may be repeated
  --yes                    ask nothing, also at a terminal
  --no-capture             do not run the server
  --registry DIR           another registry than registry/`;

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
  if (!source || positionals.length > 1 || values.help)
    throw new PortolanError('usage', 'USAGE', USAGE);
  const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const { publisher, 'publisher-url': publisherUrl, category, allow, ...rest } = values;
  if ((publisher === undefined) !== (publisherUrl === undefined)) {
    throw new PortolanError('usage', 'USAGE', '--publisher and --publisher-url belong together');
  }
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
