import { messageOf, PortolanError } from '../errors.ts';
import { validatorOf } from './schema.ts';
import type { CapturedTools, PublishedCatalog, ServerEntry } from './types.generated.ts';

/** Reads an entry from canonical JSON; `where` names the source in errors. Throws `malformed`. */
export function parseEntry(bytes: Uint8Array, where: string): ServerEntry {
  return parseAs('server', bytes, where, 'ENTRY_MALFORMED');
}

/** Reads captured tools from JSON; `where` names the source in errors. Throws `malformed`. */
export function parseTools(bytes: Uint8Array, where: string): CapturedTools {
  return parseAs('tools', bytes, where, 'TOOLS_MALFORMED');
}

/** Reads a published catalog from JSON; `where` names the source in errors. Throws `malformed`. */
export function parseCatalog(bytes: Uint8Array, where: string): PublishedCatalog {
  return parseAs('catalog', bytes, where, 'CATALOG_MALFORMED');
}

function parseAs<Name extends 'server' | 'tools' | 'catalog'>(
  name: Name,
  bytes: Uint8Array,
  where: string,
  code: string,
) {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new PortolanError('malformed', code, `${where} is not JSON: ${messageOf(error)}`, {
      cause: error,
    });
  }
  const validate = validatorOf(name);
  if (validate(value)) return value;
  const [first] = validate.errors ?? [];
  throw new PortolanError(
    'malformed',
    code,
    `${where}: ${first?.instancePath || '/'} ${first?.message}; it was made by a newer or broken publisher`,
  );
}
