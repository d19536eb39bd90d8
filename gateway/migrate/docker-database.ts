import type { DatabaseSync } from 'node:sqlite';
import { messageOf, PortolanError } from '../../core/errors.ts';
import { isObject } from '../relay/protocol.ts';

/** The rows of the toolkit's database that matter here, their JSON parsed. */
export interface DockerDatabase {
  readonly profiles: readonly {
    readonly id: string;
    readonly name: string;
    readonly servers: unknown;
  }[];
  readonly catalogs: readonly { readonly title: string; readonly servers: number }[];
  /** Definitions of servers in its catalogs. */
  readonly snapshots: readonly unknown[];
}

/**
 * Reads profiles and catalogs from `mcp-toolkit.db`; nothing is written, not even a journal. Throws
 * `unreachable` / `DOCKER_DATABASE` with the way without it, where this Node.js has no SQLite or the
 * file is none.
 */
export async function readDockerDatabase(path: string): Promise<DockerDatabase> {
  const open = await sqlite();
  if (!open) {
    throw databaseFault(path, `needs SQLite, which Node.js ${process.versions.node} lacks`);
  }
  let database: DatabaseSync | undefined;
  try {
    database = open(path);
    const tables = new Set(
      database
        .prepare("select name from sqlite_master where type in ('table', 'view')")
        .all()
        .map(({ name }) => name),
    );
    if (!tables.has('working_set')) throw new Error('it has no table working_set');
    const hasCatalogs = tables.has('catalog') && tables.has('catalog_server');
    return {
      profiles: database
        .prepare('select id, name, servers from working_set order by id')
        .all()
        .map(({ id, name, servers }) => ({
          id: String(id),
          name: String(name),
          servers: json(servers),
        })),
      catalogs: hasCatalogs ? catalogsIn(database) : [],
      snapshots: hasCatalogs ? snapshotsIn(database) : [],
    };
  } catch (error) {
    throw databaseFault(path, `cannot be read (${messageOf(error)})`, error);
  } finally {
    database?.close();
  }
}

function catalogsIn(database: DatabaseSync): DockerDatabase['catalogs'] {
  return database
    .prepare(
      'select c.ref, c.title, count(s.id) as servers from catalog c left join catalog_server s on s.catalog_ref = c.ref group by c.ref order by c.ref',
    )
    .all()
    .map(({ ref, title, servers }) => ({
      title: String(title || ref),
      servers: Number(servers),
    }));
}

function snapshotsIn(database: DatabaseSync): readonly unknown[] {
  return database
    .prepare('select snapshot from catalog_server where snapshot is not null order by id')
    .all()
    .flatMap(({ snapshot }) => {
      const value = json(snapshot);
      return isObject(value) ? [value.server] : [];
    });
}

/** What is no JSON is told by whoever wanted it. */
function json(value: unknown): unknown {
  try {
    return JSON.parse(String(value));
  } catch {
    return undefined;
  }
}

/** Opens files read-only; undefined where Node.js was built or started without SQLite. */
async function sqlite(): Promise<((path: string) => DatabaseSync) | undefined> {
  const emit = process.emitWarning;
  // Node.js calls the module experimental; that says nothing to whoever reads this plan.
  process.emitWarning = () => {};
  try {
    const module = process.getBuiltinModule('node:sqlite') as
      | typeof import('node:sqlite')
      | undefined;
    return module && ((path) => new module.DatabaseSync(path, { readOnly: true }));
  } catch {
    return undefined;
  } finally {
    process.emitWarning = emit;
  }
}

function databaseFault(path: string, fact: string, cause?: unknown): PortolanError {
  return new PortolanError(
    'unreachable',
    'DOCKER_DATABASE',
    `${path} ${fact}; for each profile of \`docker mcp profile list\`, write \`docker mcp profile export PROFILE profile.json\`, then \`portolan migrate docker --export profile.json\``,
    { cause },
  );
}
