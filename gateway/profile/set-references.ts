import { PortolanError } from '../../core/errors.ts';

/**
 * Sorts `SERVER.SECRET=URI` texts by server: where a password manager keeps the secret. A text that
 * is none is not repeated, because it may be the secret itself. Throws `usage` with
 * `SETTING_MALFORMED` or `REFERENCE_INVALID`.
 */
export function parseReferences(
  texts: readonly string[],
): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const byServer = new Map<string, Map<string, string>>();
  for (const text of texts) {
    const [, server = '', name = '', uri = ''] =
      /^([a-z0-9-]+)\.([a-z][a-z0-9_]*)=(.*)$/s.exec(text) ?? [];
    if (!server || !name) {
      throw new PortolanError(
        'usage',
        'SETTING_MALFORMED',
        '--reference takes SERVER.SECRET=URI, e.g. --reference github.token=op://Work/GitHub/token',
      );
    }
    // As the schema of profiles has it.
    if (!/^[a-z][a-z0-9+.-]*:\S/.test(uri) || uri.length > 1000) {
      throw new PortolanError(
        'usage',
        'REFERENCE_INVALID',
        `--reference ${server}.${name} needs the address of a password manager, such as op://Work/GitHub/token; a value does not belong here: portolan secret set ${server}.${name}`,
      );
    }
    byServer.set(server, (byServer.get(server) ?? new Map()).set(name, uri));
  }
  return byServer;
}
